import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { secret } from '../../functions/secret.ts'
import { rig } from '../support/rig.ts'
import { secretGateway, seen, statement } from '../support/secret-gateway.ts'
import type { Caller } from '../support/tenant.ts'

const local = rig()
let on: Awaited<ReturnType<typeof secretGateway>>

const params = { vault: 'main', name: 'stripe-api-key' }
const put = async (value: string) => {
  const answer = await on.call(secret, 'deploy-app', { method: 'PUT', params, body: { value } })
  return String(answer.headers?.['ETag'])
}
const wait = (etag: string | undefined, seconds: number, who: Caller = 'billing-app', name = params.name) =>
  on.call(secret, who, {
    params: { vault: 'main', name },
    query: `wait=${seconds}`,
    headers: etag ? { 'if-none-match': etag } : {},
  })

beforeAll(async () => {
  on = await secretGateway(local, [
    statement('once-only', 'approver', ['secret-user'], ['secret/main/stripe-*'], { obligations: { oneTime: true } }),
  ])
})
afterAll(() => on.gateway.close())

describe('GET …?wait= (long poll)', () => {
  it('200 as soon as a new version is written, each waiter admitted and journaled when it answers', async () => {
    const etag = await put('one')
    const waiting = Array.from({ length: 5 }, () => wait(etag, 20))
    const next = await put('two')
    const answers = await Promise.all(waiting)
    expect(answers.map(({ status, headers }) => [status, headers?.['ETag']])).toEqual(
      Array.from({ length: 5 }, () => [200, next]),
    )
    const txns = new Set(answers.map(({ headers }) => headers?.['X-Sallyport-Txn']))
    const intents = (await on.journal()).filter((entry) => entry.kind === 'intent' && txns.has(entry.txn))
    expect(intents).toHaveLength(5)
  })

  it('200 at once for a version the caller does not have', async () => {
    await put('three')
    expect(await wait('"old"', 25)).toMatchObject({ status: 200, json: { value: 'three' } })
  })

  it('304 when nothing changes in time', async () => {
    const etag = await put('four')
    expect(await wait(etag, 1)).toMatchObject({ status: 304, headers: { ETag: etag } })
  })

  it('403 and 404 at once, the same bytes as without waiting', async () => {
    const etag = await put('five')
    const plain = await on.call(secret, 'stranger', { params })
    expect(seen(await wait(etag, 25, 'stranger'))).toBe(seen(plain))
    expect(await wait(etag, 25, 'approver')).toMatchObject({ status: 403, json: { code: 'handle_required' } })
    expect(await wait(etag, 25, 'billing-app', 'stripe-none')).toMatchObject({ status: 404 })
  })

  it('304 + Retry-After at once for the ninth who waits', async () => {
    const etag = await put('six')
    const eight = Array.from({ length: 8 }, () => wait(etag, 25))
    let ninth = await wait(etag, 25)
    // The eight are on their way to their places; whoever comes when all are taken is sent off.
    expect(ninth).toMatchObject({ status: 304, headers: { 'Retry-After': '5' } })
    const next = await put('seven')
    expect((await Promise.all(eight)).map(({ headers }) => headers?.['ETag'])).toEqual(
      Array.from({ length: 8 }, () => next),
    )
    ninth = await wait(etag, 25)
    expect(ninth).toMatchObject({ status: 200 })
  })
})
