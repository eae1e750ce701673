import { randomUUID } from 'node:crypto'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEntraKind } from '../../../../shared/tokens/kinds/entra.ts'
import { rig } from '../../../support/rig.ts'
import { ARM, entraRig, issue, targetOf } from './entra-rig.ts'

const local = rig()
let own: Awaited<ReturnType<typeof entraRig>>

beforeAll(async () => {
  own = await entraRig(local)
})
afterAll(() => own.close())

/** A kind on a broker that holds nothing yet. */
const fresh = async () => {
  const next = await entraRig(local)
  return { ...next, kind: createEntraKind(next.deps) }
}

const document = (identity: unknown, resource = ARM, extra: object = {}) =>
  targetOf({ kind: 'entra', resource, identity, ...extra })

const application = (clientId: string, assertion?: unknown) => ({
  tenant: local.tenant,
  clientId,
  ...(assertion !== undefined && { assertion }),
})

describe('entra: as an application that trusts the gateway (S12)', () => {
  it('becomes the application, with the gateway’s RS256 assertion, and says truly how long', async () => {
    const { kind, clientId, app, close } = await fresh()
    const minted = await issue(kind, document(application(clientId)))
    const claims = decodeJwt(minted.token)
    expect(claims).toMatchObject({ appid: clientId, oid: app.objectId, aud: ARM })
    expect(minted.blastRadius).toEqual({
      expiresAt: expect.any(String),
      revocable: 'no',
      scope: '',
      boundTo: [`audience:${ARM}`],
      issuedAs: `entra:${local.tenant}:${app.objectId}`,
    })
    expect(Math.abs(Date.parse(minted.blastRadius.expiresAt) - Number(claims.exp) * 1_000)).toBeLessThan(2_000)
    expect(minted.handout.tokenHash).toMatch(/^[\w-]{43}$/)
    close()
  })

  it('becomes it with the token of an attached identity, which rests in the broker too', async () => {
    const { kind, clientId, deps, close } = await fresh()
    const assertion = { userAssigned: 'c0000000-0000-4000-8000-000000000002' }
    await local.identityControl.managedIdentity.clear()
    await issue(kind, document(application(clientId, assertion)))
    await issue(kind, document(application(clientId, assertion), 'https://graph.microsoft.com'))
    expect(await local.identityControl.managedIdentity.counts()).toEqual({ msi: 1 })
    expect(deps.broker.status().tokens).toBe(3)
    close()
  })

  it('50 at once cost one token of the authority; then the cache, told so', async () => {
    const { kind, clientId, authority, close } = await fresh()
    const target = document(application(clientId))
    const all = await Promise.all(Array.from({ length: 50 }, () => issue(kind, target)))
    expect(new Set(all.map(({ token }) => token)).size).toBe(1)
    expect(new Set(all.map(({ source }) => source))).toEqual(new Set(['identity_provider']))
    expect((await issue(kind, target)).source).toBe('cache')
    expect((await authority.counts())['token']).toBe(1)
    close()
  })

  it('a target that the application does not trust gets nothing out of the cache of one that it does (T21)', async () => {
    const { kind, clientId, close } = await fresh()
    await issue(kind, document(application(clientId)))
    const other = targetOf({ kind: 'entra', resource: ARM, identity: application(clientId) }, 'other')
    await expect(issue(kind, other)).rejects.toMatchObject({ code: 'upstream_refused' })
    close()
  })

  it('a target whose `sub` the application does not trust gets nothing, and is not asked again for a minute', async () => {
    const { kind, clientId, authority, pass, close } = await fresh()
    const other = targetOf({ kind: 'entra', resource: ARM, identity: application(clientId) }, 'other')
    for (let call = 0; call < 20; call += 1) {
      await expect(issue(kind, other)).rejects.toMatchObject({
        code: 'upstream_refused',
        reason: 'upstream_invalid_client',
      })
    }
    expect((await authority.counts())['token']).toBe(1)
    pass(60_000)
    await expect(issue(kind, other)).rejects.toMatchObject({ code: 'upstream_refused' })
    expect((await authority.counts())['token']).toBe(2)
    close()
  })

  it.each([
    [{ kind: 'throttle', retryAfterSeconds: 40 }, 'upstream_unavailable', 40],
    [{ kind: 'fail', status: 503 }, 'upstream_unavailable', 5],
    [{ kind: 'redirect' }, 'upstream_refused', undefined],
    [{ kind: 'garbage' }, 'upstream_unavailable', undefined],
    [{ kind: 'reset' }, 'upstream_unavailable', undefined],
  ] as const)(
    'the authority in trouble (%o): one request, and an error that quotes nothing (T19, T40)',
    async (fault, code, wait) => {
      const { kind, clientId, authority, close } = await fresh()
      await authority.fault({ ...fault, operation: 'token', times: 1 })
      const failure = await issue(kind, document(application(clientId))).then(
        () => undefined,
        (error: Error) => error,
      )
      expect(failure).toMatchObject({ code, ...(wait && { extras: { retryAfterSeconds: wait } }) })
      expect(`${failure?.message} ${failure?.cause}`).not.toMatch(/eyJ|AADSTS/)
      expect((await authority.counts())['token']).toBe(1)
      if (wait) {
        await expect(issue(kind, document(application(clientId)))).rejects.toMatchObject({ code })
        expect((await authority.counts())['token']).toBe(1)
      }
      close()
    },
  )

  it('refuses to hand out what lives longer than maxTtl, also from the cache', async () => {
    const { kind, clientId, close } = await fresh()
    const target = document(application(clientId))
    const obliged = { obligations: { maxTtlSeconds: 1_800 } } as never
    for (let call = 0; call < 2; call += 1) {
      await expect(issue(kind, target, obliged)).rejects.toMatchObject({ reason: 'upstream_outlives_max_ttl' })
    }
    const enough = { obligations: { maxTtlSeconds: 3_600 } } as never
    expect((await issue(kind, target, enough)).source).toBe('cache')
    close()
  })

  it.each([
    [{ ttlSeconds: 60 }, 'invalid_request'],
    [{ path: 'a' }, 'invalid_request'],
    [{ scope: 'a' }, 'invalid_scope'],
  ])('is honest that it cannot narrow: %o', async (order, code) => {
    const kind = createEntraKind(own.deps)
    await expect(issue(kind, document(application(own.clientId)), order)).rejects.toMatchObject({ code })
    expect(await own.authority.counts()).toEqual({})
  })
})

describe('entra: as the gateway itself (T7)', () => {
  const OPEN = 'api://sallyport'
  const allowed = { allowGatewayIdentity: true }

  it.each([
    ['system', 'd0000000-0000-4000-8000-000000000001'],
    [{ userAssigned: 'c0000000-0000-4000-8000-000000000002' }, 'd0000000-0000-4000-8000-000000000002'],
  ])('%o: a day’s token that nothing revokes, stated so; refused under a maxTtl of 1 h', async (identity, objectId) => {
    const { kind, close } = await fresh()
    const target = document(identity, OPEN, allowed)
    const minted = await issue(kind, target)
    expect(minted.blastRadius).toMatchObject({ revocable: 'no', issuedAs: `entra:${local.tenant}:${objectId}` })
    expect(Date.parse(minted.blastRadius.expiresAt) - Date.now()).toBeGreaterThan(16 * 3_600_000)
    await expect(issue(kind, target, { obligations: { maxTtlSeconds: 3_600 } } as never)).rejects.toMatchObject({
      code: 'access_denied',
      reason: 'upstream_outlives_max_ttl',
    })
    close()
  })

  it('is refused at issue too, whatever document slipped past validation; nothing is asked for', async () => {
    const kind = createEntraKind(own.deps)
    await local.identityControl.managedIdentity.clear()
    const good = document('system', OPEN, allowed)
    const { allowGatewayIdentity: _, ...silent } = good.token
    const resources = ['https://vault.azure.net', 'https://VAULT.azure.net./', 'https://management.azure.com']
    const bad = [silent, ...resources.map((resource) => ({ ...good.token, resource }))]
    for (const token of bad) {
      await expect(issue(kind, { ...good, token } as never)).rejects.toMatchObject({ code: 'access_denied' })
    }
    expect(await local.identityControl.managedIdentity.counts()).toEqual({})
  })

  it('an identity that is not attached: one request, refused', async () => {
    const { kind, close } = await fresh()
    await local.identityControl.managedIdentity.clear()
    const target = document({ userAssigned: randomUUID() }, OPEN, allowed)
    await expect(issue(kind, target)).rejects.toMatchObject({ code: 'upstream_refused', reason: 'upstream_status_400' })
    expect(await local.identityControl.managedIdentity.counts()).toEqual({ msi: 1 })
    close()
  })
})
