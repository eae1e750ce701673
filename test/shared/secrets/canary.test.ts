import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

/** The SDKs read this when they are loaded. */
const { sdkLog } = vi.hoisted(() => {
  process.env['AZURE_LOG_LEVEL'] = 'verbose'
  const sdkLog: string[] = []
  process.stderr.write = (text: string | Uint8Array) => {
    sdkLog.push(String(text))
    return true
  }
  return { sdkLog }
})

import { secret } from '../../../functions/secret.ts'
import { secretBatches } from '../../../functions/secret-batches.ts'
import { secretVersions } from '../../../functions/secret-versions.ts'
import { secrets } from '../../../functions/secrets.ts'
import type { StoredRow } from '../../../shared/azure/table.ts'
import { newCanary, printed } from '../../support/canary.ts'
import { rig } from '../../support/rig.ts'
import { secretGateway } from '../../support/secret-gateway.ts'

const local = rig()
const main = local.vaultControl('main')
const value = newCanary()
const refusedValue = newCanary()
let on: Awaited<ReturnType<typeof secretGateway>>
let bearer = ''
const answers: unknown[] = []

const params = { vault: 'main', name: 'stripe-canary' }
const put = async (body: unknown) => on.call(secret, 'deploy-app', { method: 'PUT', params, body })

/** Everything a caller and a fault can make happen around one secret. */
beforeAll(async () => {
  on = await secretGateway(local)
  bearer = await local.callerToken('billing-app')
  for (const kind of ['fail', 'garbage', 'redirect', 'reset', 'lose-answer'] as const) {
    await main.fault({ kind, operation: 'setSecret', times: 2, body: `{"value":"${value}"` })
    answers.push(await put({ value }))
    await main.clear()
    // Between failures one success, or the breaker would keep the later ones from the vault.
    expect((await put({ value })).status).toBeLessThan(202)
  }
  for (const body of [`{"value":"${refusedValue}"`, { value: refusedValue, more: 1 }, { value: [refusedValue] }]) {
    answers.push(await put(body))
  }
  answers.push(await on.call(secret, 'stranger', { params }))
  answers.push(await on.call(secret, undefined, { params, headers: { authorization: `Bearer ${bearer}x` } }))
  answers.push(await on.call(secretVersions, 'billing-app', { params }))
  answers.push(await on.call(secrets, 'billing-app', { query: 'vault=main' }))
  expect(await on.call(secret, 'billing-app', { params })).toMatchObject({ status: 200, json: { value } })
  const batch = await on.call(secretBatches, 'billing-app', { method: 'POST', body: { items: [params] } })
  expect(batch).toMatchObject({ json: { items: [{ value }] } })
  await main.fault({ kind: 'throttle', operation: 'setSecret' })
  answers.push(await put({ value }))
})
afterAll(() => on.gateway.close())

async function stored(): Promise<StoredRow[]> {
  const rows: StoredRow[] = []
  for (const name of ['audit', 'secretState', 'policies', 'keys', 'leases'] as const) {
    for await (const row of on.azure.table(name).list({})) rows.push(row)
  }
  return rows
}

describe('a planted value (T18, T19): it is in no sink', () => {
  it('although it went through every failure', () => {
    const statuses = answers.map((answer) => (answer as { status: number }).status)
    expect(statuses).toEqual([503, 503, 503, 503, 503, 400, 400, 400, 403, 401, 200, 200, 503])
  })

  it('neither in our log nor in the SDKs’ at its most talkative', () => {
    expect(sdkLog.join('')).toMatch(/keyvault-secrets|\/secrets\/stripe-canary/)
    for (const text of [printed(on.lines), sdkLog.join('')]) {
      expect(text).not.toContain(value)
      expect(text).not.toContain(refusedValue)
      expect(text).not.toContain(bearer.split('.')[2])
    }
  })

  it('nor in any row of any table', async () => {
    const rows = printed(await stored())
    expect(rows).toContain('secret/main/stripe-canary')
    for (const text of [value, refusedValue, String(bearer.split('.')[2])]) expect(rows).not.toContain(text)
  })

  it('nor in any answer but the two that hand it out', () => {
    const text = printed(answers)
    for (const planted of [value, refusedValue, String(bearer.split('.')[2])]) expect(text).not.toContain(planted)
  })

  it('nor in what the gateway object shows of itself, its caches included', () => {
    const text = printed(on.gateway, on.azure)
    expect(text).not.toContain(value)
  })
})
