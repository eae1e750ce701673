import { randomBytes, randomUUID } from 'node:crypto'
import { decodeJwt } from 'jose'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createPasswordKind } from '../../../../shared/tokens/kinds/password.ts'
import { rig } from '../../../support/rig.ts'
import { ARM, entraRig, issue, targetOf } from './entra-rig.ts'

const local = rig()
const username = `svc-${local.account}@contoso.example`
const objectId = randomUUID()
const right = randomBytes(24).toString('base64url')
let own: Awaited<ReturnType<typeof entraRig>>

beforeAll(async () => {
  await local.createStorage()
  own = await entraRig(local)
  own.close()
})
beforeEach(async () => {
  await local.identityControl.registerUser({ name: 'svc', username, objectId }, right)
  await own.authority.clear()
})

const store = async (value: string, name = 'ext-erp') => (await local.operatorVault('gateway')).setSecret(name, value)
const login = (password: string) => JSON.stringify({ username, password })
const target = (credential = 'erp', resource = ARM) =>
  targetOf({ kind: 'password', tenant: local.tenant, clientId: own.clientId, credential, resource })
const fresh = async () => {
  const next = await entraRig(local)
  next.close()
  return { ...next, kind: createPasswordKind({ ...next.deps, entra: own.deps.entra }) }
}
const tries = async () => (await own.authority.counts())['token'] ?? 0

describe('password (legacy)', () => {
  it('gives the user’s token, warns once, and says where the token came from', async () => {
    await store(login(right))
    const { kind, reported } = await fresh()
    const minted = await issue(kind, target())
    expect(decodeJwt(minted.token)).toMatchObject({ oid: objectId, scp: 'user_impersonation' })
    expect(minted).toMatchObject({
      source: 'identity_provider',
      blastRadius: { issuedAs: `entra:${local.tenant}:${objectId}` },
    })
    expect((await issue(kind, target())).source).toBe('cache')
    expect(reported.filter((event) => event === 'password.legacy')).toHaveLength(1)
    expect(await tries()).toBe(1)
  })

  it('a wrong password is tried once, for all its targets, until the secret has another version: no lockout', async () => {
    await store(login('wrong'))
    const { kind, pass } = await fresh()
    for (let day = 0; day < 15; day += 1) {
      for (const resource of [ARM, 'https://graph.microsoft.com']) {
        await expect(issue(kind, target('erp', resource))).rejects.toMatchObject({
          code: 'upstream_refused',
        })
      }
      pass(24 * 3_600_000)
    }
    expect(await tries()).toBe(1)
    pass(-15 * 24 * 3_600_000)
    await store(login(right))
    expect((await issue(kind, target())).token).toBeTruthy()
    expect(await tries()).toBe(2)
  })

  it('a wrong password is tried by one instance of many, also after a restart', async () => {
    await store(login('wrong again'))
    await expect(issue((await fresh()).kind, target())).rejects.toMatchObject({ reason: 'upstream_invalid_grant' })
    for (let instance = 0; instance < 12; instance += 1) {
      await expect(issue((await fresh()).kind, target())).rejects.toMatchObject({ reason: 'credential_refused_before' })
    }
    expect(await tries()).toBe(1)
  })

  it('a credential past its end is not used', async () => {
    const vault = await local.operatorVault('gateway')
    await vault.setSecret('ext-ended', login(right), { expiresOn: new Date(Date.now() - 1_000) })
    await own.authority.clear()
    const { kind } = await fresh()
    await expect(issue(kind, target('ended'))).rejects.toMatchObject({ reason: 'credential_out_of_date' })
    expect(await tries()).toBe(0)
  })

  it.each([
    ['missing', undefined, 'credential_missing'],
    ['no JSON', 'hunter2', 'credential_malformed'],
    ['half of it', '{"username":"a"}', 'credential_malformed'],
  ])('fails before anything is recorded or asked when the stored credential is %s', async (what, value, reason) => {
    const name = `erp-${what.replaceAll(' ', '-').toLowerCase()}`
    if (value) await store(value, `ext-${name}`)
    const { kind } = await fresh()
    await expect(issue(kind, target(name))).rejects.toMatchObject({ code: 'upstream_refused', reason })
    expect(await tries()).toBe(0)
  })

  it('an error quotes neither user name nor password (T19)', async () => {
    await store(login('canary-password'))
    const { kind } = await fresh()
    const failure = await issue(kind, target()).then(
      () => '',
      (error: Error) => `${error.message} ${JSON.stringify(error)} ${error.cause}`,
    )
    expect(failure).toContain('upstream_refused')
    expect(failure).not.toMatch(/canary|contoso|AADSTS/)
  })
})
