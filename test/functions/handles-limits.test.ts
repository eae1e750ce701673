import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { handleRedemption } from '../../functions/handle-redemption.ts'
import { handles } from '../../functions/handles.ts'
import { secret } from '../../functions/secret.ts'
import type { StoredRow } from '../../shared/azure/table.ts'
import { applyPolicies } from '../../shared/policy/apply.ts'
import { loadDocuments } from '../../shared/policy/load-documents.ts'
import { entraId } from '../support/principal-id.ts'
import { rig } from '../support/rig.ts'
import { secretGateway, seen, statement } from '../support/secret-gateway.ts'
import type { Caller } from '../support/tenant.ts'

const local = rig()
const clock = { ahead: 0 }
const now = () => Date.now() + clock.ahead
let on: Awaited<ReturnType<typeof secretGateway>>

const UNKNOWN = '00000000-0000-4000-8000-000000000000'
const MAY = statement('makes', 'billing-app', ['secret-user', 'handle-maker'], ['secret/main/*-key'])

const made = async (wish: object = {}) => {
  const answer = await on.call(handles, 'billing-app', {
    method: 'POST',
    body: { vault: 'main', name: 'acme-key', ...wish },
  })
  expect(answer, JSON.stringify(answer.json)).toMatchObject({ status: 201 })
  return answer.json as { id: string; expires: string }
}
const redeem = (id: string, who: Caller = 'billing-app') =>
  on.call(handleRedemption, who, { method: 'POST', params: { id }, body: {} })

async function apply(documents: object[]): Promise<void> {
  const examples = await loadDocuments('local/seed/policies')
  await applyPolicies({ table: on.azure.table('policies'), documents: [...examples, ...documents], now })
  await on.gateway.policy.refresh()
}

beforeAll(async () => {
  on = await secretGateway(local, [MAY], { now, settings: { SALLYPORT_GRANT_MAX_SECONDS: '120' } })
  for (const name of ['acme-key', 'prod-key']) {
    const params = { vault: 'main', name }
    const answer = await on.call(secret, 'deploy-app', { method: 'PUT', params, body: { value: `value of ${name}` } })
    expect(answer.status).toBe(201)
  }
}, 60_000)
afterAll(() => on.gateway.close())

describe('the end of a handle', () => {
  it('410 handle_expired at its end, with no sweeper and although it was not redeemed', async () => {
    const { id } = await made({ ttl: '30s' })
    clock.ahead += 30_000
    expect(await redeem(id)).toMatchObject({ status: 410, json: { code: 'handle_expired' } })
    expect(await redeem(id, 'stranger')).toMatchObject({ status: 403 })
  })

  it('is five minutes unless told, and never more than SALLYPORT_GRANT_MAX_SECONDS after the maker’s token was validated', async () => {
    for (const wish of [{}, { ttl: '8h' }]) {
      const { id, expires } = await made(wish)
      expect(Date.parse(expires) - now()).toBeLessThanOrEqual(120_000)
      clock.ahead += 120_000
      expect(await redeem(id)).toMatchObject({ status: 410, json: { code: 'handle_expired' } })
    }
  })
})

describe('the maker is decided again, live (T11)', () => {
  it('403 access_denied once the maker may not read any more; the handle is not used up by it', async () => {
    const { id } = await made({ redeemer: entraId('stranger') })
    await apply([])
    expect(await redeem(id, 'stranger')).toMatchObject({ status: 403, json: { code: 'access_denied' } })
    await apply([MAY])
    expect(await redeem(id, 'stranger')).toMatchObject({ status: 200, json: { value: 'value of acme-key' } })
  })

  it('403 access_denied when a forbid came for the secret', async () => {
    const { id } = await made()
    const forbid = statement('never', 'billing-app', ['secret-user'], ['secret/main/acme-*'], { effect: 'forbid' })
    await apply([MAY, forbid])
    expect(await redeem(id)).toMatchObject({ status: 403, json: { code: 'access_denied' } })
    await apply([MAY])
    expect(await redeem(id)).toMatchObject({ status: 200 })
  })
})

describe('rows that somebody edited (T14)', () => {
  const table = () => on.azure.table('handles')
  const rowOf = async (id: string) => (await table().get(id, 'handle')) as StoredRow
  const said = (row: StoredRow, change: object) => JSON.stringify({ ...JSON.parse(String(row['said'])), ...change })
  const by = (row: StoredRow, change: object) => JSON.stringify({ ...JSON.parse(String(row['by'])), ...change })

  it.each<[string, (row: StoredRow) => Partial<StoredRow>]>([
    ['another secret', (row) => ({ said: said(row, { name: 'prod-key' }) })],
    ['another redeemer', (row) => ({ said: said(row, { redeemer: entraId('stranger') }) })],
    ['a later end', (row) => ({ said: said(row, { expiresAt: 9_999_999_999_999 }) })],
    ['an older validation', (row) => ({ said: said(row, { validatedAt: now() + 1 }) })],
    ['another maker', (row) => ({ by: by(row, { id: entraId('deploy-app'), objectId: 'x' }) })],
    ['more groups', (row) => ({ by: by(row, { groups: ['admins'] }) })],
    ['another seal', () => ({ seal: 'A'.repeat(43) })],
    ['no seal', () => ({ seal: '' })],
  ])('403 access_denied and an alarm: %s; the same bytes as an unknown handle', async (_, change) => {
    const { id } = await made()
    const row = await rowOf(id)
    await table().replace({ ...row, ...change(row) } as StoredRow, row.etag)
    for (const who of ['billing-app', 'stranger'] as const) {
      expect(seen(await redeem(id, who))).toBe(seen(await redeem(UNKNOWN, who)))
    }
    expect(on.lines).toContainEqual(expect.objectContaining({ event: 'handle.tampered', handle: id, level: 'warn' }))
  })

  it('403 access_denied: a good row copied to another id is none', async () => {
    const { id } = await made()
    const { etag: _etag, ...row } = await rowOf(id)
    expect(await redeem(id)).toMatchObject({ status: 200 })
    const copy = '11111111-1111-4111-8111-111111111111'
    await table().insert({ ...row, partitionKey: copy })
    expect(await redeem(copy)).toMatchObject({ status: 403 })
  })
})
