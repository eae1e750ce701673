import { inspect } from 'node:util'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createAzure } from '../../../shared/azure/azure.ts'
import { GatewayError } from '../../../shared/errors.ts'
import { Secret } from '../../../shared/secrets/secret.ts'
import type { SecretProperties } from '../../../shared/secrets/vault.ts'
import { rig } from '../../support/rig.ts'

const local = rig()
const reports: Record<string, unknown>[] = []
const azure = createAzure(local.config(), { report: (event, detail) => reports.push({ event, ...detail }) })
const url = `https://${local.account}-main.vault.azure.net`
const vault = azure.vault(url, 'main')
const control = local.vaultControl('main')
const CANARY = 'canary-4c1d8e'

const failure = (code: string, reason: string) => expect.objectContaining({ name: 'GatewayError', code, reason })

async function thrown(promise: Promise<unknown>): Promise<GatewayError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof GatewayError)) throw new Error(`not refused by a GatewayError: ${inspect(error)}`)
  return error
}

const set = (name: string, value = CANARY) => vault.set(name, { value: new Secret(value) })

beforeAll(async () => {
  await set('plain')
})
afterEach(async () => {
  await control.clear()
  reports.length = 0
})

describe('names (T17, F1)', () => {
  const names = ['.', '..', '', 'a/b', '%2e%2e', 'a%2Fb', 'ä', 'a_b', 'a b', 'x'.repeat(128), 'a\n', '?', '#']

  it.each(names)('invalid_request and 0 calls: %j', async (name) => {
    await control.clear()
    const refused = failure('invalid_request', 'secret_name_malformed')
    await expect(vault.get(name)).rejects.toEqual(refused)
    await expect(vault.versions(name)).rejects.toEqual(refused)
    await expect(set(name)).rejects.toEqual(refused)
    await expect(vault.setEnabled(name, '0'.repeat(32), true)).rejects.toEqual(refused)
    expect(await control.counts()).toEqual({})
  })

  it.each(['.', '..', 'x', '0'.repeat(31), 'A'.repeat(32), `${'0'.repeat(32)}\n`])(
    'invalid_request: version %j',
    async (version) => {
      await control.clear()
      const refused = failure('invalid_request', 'secret_version_malformed')
      await expect(vault.get('plain', version)).rejects.toEqual(refused)
      await expect(vault.setEnabled('plain', version, true)).rejects.toEqual(refused)
      expect(await control.counts()).toEqual({})
    },
  )
})

describe('values (T18, T19)', () => {
  it('never print: neither the answer nor any error nor a report holds a value', async () => {
    const secret = await vault.get('plain')
    const errors: unknown[] = []
    for (const kind of ['fail', 'garbage', 'redirect', 'reset', 'throttle'] as const) {
      await control.fault({ kind, operation: 'setSecret', times: 2, body: `{"value":"${CANARY}"` })
      errors.push(await thrown(set('plain')))
      await control.clear()
    }
    const sinks = [secret, ...errors, reports].map((sink) => {
      return `${inspect(sink, { depth: 20, showHidden: true })}${JSON.stringify(sink)}${String(sink)}`
    })
    expect(sinks.join('\n')).not.toContain(CANARY)
    expect(secret.value.within((text) => text)).toBe(CANARY)
  })

  it('are sealed with the resource of their alias, and for good without one', async () => {
    const anonymous = azure.vault(url)
    const sealed = (await anonymous.get('plain')).value
    expect(() => sealed.reveal({ spend: () => undefined } as never)).toThrow('secret_not_revealable')
    const spent: unknown[] = []
    const named = (await vault.get('plain')).value
    named.reveal({ spend: (...asked: unknown[]) => spent.push(asked) } as never)
    expect(spent).toEqual([['secret:get', 'secret/main/plain']])
  })
})

describe('operations', () => {
  it('set, get, versions, enable: every property both ways', async () => {
    const wanted = {
      contentType: 'text/plain',
      notBefore: 1_700_000_000_000,
      expires: 2_147_483_647_000,
      tags: { owner: 'team-billing' },
    }
    const written = await vault.set('full', { value: new Secret('v1'), ...wanted })
    expect(written).toMatchObject({ name: 'full', enabled: true, ...wanted })
    expect(await vault.get('full', written.version)).toMatchObject(wanted)
    const second = await vault.set('full', { value: new Secret('v2') })
    expect((await vault.get('full')).version).toBe(second.version)
    expect((await vault.versions('full')).map(({ version }) => version).sort()).toEqual(
      [written.version, second.version].sort(),
    )
    expect(await vault.setEnabled('full', second.version, false)).toMatchObject({ enabled: false })
    expect(await thrown(vault.get('full', second.version))).toEqual(failure('secret_disabled', 'vault_disabled'))
    expect(await thrown(vault.get('full'))).toEqual(failure('secret_disabled', 'vault_disabled'))
    expect(await vault.setEnabled('full', second.version, true)).toMatchObject({ enabled: true, tags: {} })
    expect(await vault.get('full', written.version)).toMatchObject(wanted)
  })

  it('keeps what a version has when only `enabled` changes', async () => {
    const properties = { contentType: 'a', expires: 2_000_000_000_000, tags: { a: 'b' } }
    const { version } = await vault.set('kept', { value: new Secret('v'), ...properties })
    expect(await vault.setEnabled('kept', version, false)).toMatchObject({ ...properties, enabled: false })
  })

  it.each([2_147_483_648_000, Date.UTC(3000, 0), 0, -5, Number.NaN])(
    'invalid_request: a time of %d would wrap around in 32 bits',
    async (expires) => {
      await control.clear()
      const refused = failure('invalid_request', 'time_past_2038')
      await expect(vault.set('late', { value: new Secret('v'), expires })).rejects.toEqual(refused)
      await expect(vault.set('late', { value: new Secret('v'), notBefore: expires })).rejects.toEqual(refused)
      expect((await control.counts())['setSecret']).toBeUndefined()
    },
  )

  it('lists every secret over many pages, and no version twice', async () => {
    const names = Array.from({ length: 60 }, (_, n) => `many-${n}`)
    for (const name of names) await set(name)
    const listed: SecretProperties[] = []
    await control.clear()
    for await (const properties of vault.list()) listed.push(properties)
    expect(
      listed
        .filter(({ name }) => name.startsWith('many-'))
        .map(({ name }) => name)
        .sort(),
    ).toEqual(names.sort())
    expect((await control.counts())['listSecrets']).toBeGreaterThan(2)
  })
})

describe('failures, each as one of ours', () => {
  it('404 secret_not_found; versions of what does not exist are none', async () => {
    expect(await thrown(vault.get('missing'))).toEqual(failure('secret_not_found', 'vault_not_found'))
    expect(await vault.versions('missing')).toEqual([])
    expect(await thrown(vault.setEnabled('plain', 'f'.repeat(32), false))).toEqual(
      failure('secret_not_found', 'vault_not_found'),
    )
  })

  it('409 conflict: a deleted secret of this name can be recovered', async () => {
    await set('deleted')
    const operator = await local.operatorVault('main')
    await (await operator.beginDeleteSecret('deleted', { intervalInMs: 50 })).pollUntilDone()
    const error = await thrown(set('deleted'))
    expect(error).toEqual(failure('conflict', 'vault_conflict'))
    expect(error.extras.detail).toBe('a deleted secret of this name can still be recovered')
  })

  it('400 invalid_request: what the vault itself refuses of a write', async () => {
    expect(await thrown(set('big', 'x'.repeat(30_000)))).toEqual(failure('invalid_request', 'vault_rejected'))
  })

  it('429 with its Retry-After, at once and after one call', async () => {
    await control.fault({ kind: 'throttle', retryAfterSeconds: 77, times: 5 })
    const error = await thrown(vault.get('plain'))
    expect(error).toEqual(failure('vault_unavailable', 'vault_throttled'))
    expect(error.extras.retryAfterSeconds).toBe(77)
    expect(await control.counts()).toEqual({ getSecret: 1 })
  })

  it('503 counts as throttling, 500 does not', async () => {
    await control.fault({ kind: 'fail', status: 503, retryAfterSeconds: 9 })
    expect((await thrown(vault.get('plain'))).extras.retryAfterSeconds).toBe(9)
    await control.fault({ kind: 'fail', status: 500 })
    expect(await thrown(vault.get('plain'))).toEqual(failure('vault_unavailable', 'vault_failed'))
  })

  it('redirect refused: no second request, wherever it points (T40)', async () => {
    await control.fault({ kind: 'redirect', location: `${url}/secrets/plain`, times: 2 })
    expect(await thrown(vault.get('plain'))).toEqual(failure('vault_unavailable', 'vault_garbled'))
    expect(await control.counts()).toEqual({ getSecret: 1 })
  })

  it.each([
    '<html>',
    '',
    '{}',
    '[]',
    'null',
    '{"value":5}',
    '{"value":"v","id":"https://x/secrets/other/1"}',
    '{"value":"v","id":7}',
  ])('garbage of a 200: %j', async (body) => {
    await control.fault({ kind: 'garbage', body })
    expect(await thrown(vault.get('plain'))).toEqual(failure('vault_unavailable', 'vault_garbled'))
    await control.clear()
  })

  it.each(['<html>', '{}', '{"value":[{}]}', '{"value":null}'])(
    'garbage of a list: %j is no shorter list',
    async (body) => {
      await control.fault({ kind: 'garbage', body })
      const listing = async () => {
        for await (const _ of vault.list());
      }
      expect(await thrown(listing())).toEqual(failure('vault_unavailable', 'vault_garbled'))
    },
  )

  it('a reset connection is tried once more, a second reset is unreachable', async () => {
    await control.fault({ kind: 'reset' })
    expect((await vault.get('plain')).name).toBe('plain')
    await control.fault({ kind: 'reset', times: 2 })
    expect(await thrown(vault.get('plain'))).toEqual(failure('vault_unavailable', 'vault_unreachable'))
  })

  it('a write whose answer is lost is not repeated: one version, and the caller learns that it failed', async () => {
    await set('lost')
    await control.fault({ kind: 'lose-answer', operation: 'setSecret' })
    expect(await thrown(set('lost'))).toEqual(failure('vault_unavailable', 'vault_unreachable'))
    expect(await vault.versions('lost')).toHaveLength(2)
  })

  it('403: the operators learn what to grant to whom, the caller nothing', async () => {
    await control.fault({ kind: 'fail', status: 403 })
    const error = await thrown(vault.get('plain'))
    expect(error).toEqual(failure('vault_unavailable', 'vault_forbidden'))
    expect(error.extras.detail).toBeUndefined()
    expect(reports).toEqual([
      expect.objectContaining({
        event: 'vault.forbidden',
        vault: url,
        operation: 'get',
        role: 'Key Vault Secrets User',
        permission: 'get',
        identity: expect.stringMatching(/^object id [0-9a-f-]{36}/),
      }),
    ])
  })
})
