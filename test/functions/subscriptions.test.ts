import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { subscription } from '../../functions/subscription.ts'
import { subscriptions } from '../../functions/subscriptions.ts'
import { unsubscriptions } from '../../functions/unsubscriptions.ts'
import type { GatewayResponse } from '../../shared/http/endpoint.ts'
import { rig } from '../support/rig.ts'
import { secretGateway, statement } from '../support/secret-gateway.ts'

const local = rig()
let on: Awaited<ReturnType<typeof secretGateway>>

const SIGNATURE = 'sig-kept-4b1f09e2'
const urlOf = (name: string) => `https://hooks.example.com:443/workflows/${name}?sp=run&sig=${SIGNATURE}`

beforeAll(async () => {
  on = await secretGateway(local, [statement('reports-subscribes', 'reports-app', ['subscriber'], ['subscription'])], {
    settings: { SALLYPORT_CALLBACK_HOSTS: 'hooks.example.com,*.logic.azure.com' },
  })
}, 60_000)
afterAll(() => on?.gateway.close())

type Who = Parameters<typeof on.call>[1]
const bodyOf = ({ json }: GatewayResponse) => json as Record<string, unknown>
const subscribe = (callbackUrl: string, events: unknown = ['secret.rotated'], who: Who = 'logic-app') =>
  on.call(subscriptions, who, { method: 'POST', body: { callbackUrl, events } })
const unsubscribe = (callbackUrl: string, who: Who = 'logic-app') =>
  on.call(unsubscriptions, who, { method: 'POST', body: { callbackUrl } })
const end = (id: unknown, who: Who = 'logic-app') =>
  on.call(subscription, who, { method: 'DELETE', params: { id: String(id) } })

async function rows() {
  const found: Record<string, unknown>[] = []
  for await (const row of on.azure.table('subscriptions').list({ partitionKey: 'subscriber' })) found.push(row)
  return found
}

describe('subscriptions', () => {
  it('201 with Location: three at once by the same caller for the same URL are one subscription (T44)', async () => {
    const answers = await Promise.all(Array.from({ length: 3 }, () => subscribe(urlOf('a'))))
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201])
    const [first] = answers.map(bodyOf)
    expect(first).toMatchObject({ id: expect.stringMatching(/^[0-9a-f]{32}$/), events: ['secret.rotated'] })
    expect(new Set(answers.map((answer) => bodyOf(answer)['id'])).size).toBe(1)
    const location = `https://gateway.sallyport.test/v1/subscriptions/${first?.['id']}`
    expect(answers.every(({ headers }) => headers?.['Location'] === location)).toBe(true)
    expect(await rows()).toHaveLength(1)
    const vault = await local.operatorVault('gateway')
    const kept: string[] = []
    for await (const { name } of vault.listPropertiesOfSecrets()) if (name.startsWith('callback-')) kept.push(name)
    expect(kept).toEqual([`callback-${first?.['id']}`])
    expect((await vault.getSecret(kept[0] ?? '')).value).toBe(urlOf('a'))
  })

  it('201: another caller, or another URL, is another one; the same again with other events is made new', async () => {
    const ids = [await subscribe(urlOf('a')), await subscribe(urlOf('a'), ['review.ready'], 'reports-app')]
    expect(new Set(ids.map((answer) => bodyOf(answer)['id'])).size).toBe(2)
    const again = bodyOf(await subscribe(urlOf('a'), ['rotation.stuck', 'secret.rotated']))
    expect(again['id']).toBe(bodyOf(ids[0] as GatewayResponse)['id'])
    expect(again['events']).toEqual(['rotation.stuck', 'secret.rotated'])
  })

  it.each([
    ['http://hooks.example.com/x'],
    ['https://evil.example.com/x'],
    ['https://hooks.example.com:8443/x'],
    ['https://127.0.0.1/x'],
    ['https://user@hooks.example.com/x'],
    ['https://hooks.example.com/x#f'],
    ['https://logic.azure.com/x'],
  ])('400 invalid_request: %s is not called', async (url) => {
    const answer = await subscribe(`${url}${url.includes('#') ? '' : `?sig=${SIGNATURE}`}`)
    expect(answer).toMatchObject({
      status: 400,
      json: { code: 'invalid_request', detail: expect.stringContaining('callbackUrl') },
    })
  })

  it('400 invalid_request: events that nobody sends, none, or one twice', async () => {
    for (const events of [['secret.read'], [], ['review.ready', 'review.ready'], 'review.ready']) {
      expect((await subscribe(urlOf('b'), events)).status).toBe(400)
    }
  })

  it('403 access_denied: without `subscription:write`, also for what is not there', async () => {
    expect((await subscribe(urlOf('a'), ['secret.rotated'], 'stranger')).status).toBe(403)
    expect((await unsubscribe(urlOf('a'), 'stranger')).status).toBe(403)
    expect((await end('0'.repeat(32), 'stranger')).status).toBe(403)
  })

  it('204: unsubscribed by id or URL, as often as one likes; the URL is disabled in the vault', async () => {
    const { id } = bodyOf(await subscribe(urlOf('c')))
    expect((await end(id, 'reports-app')).status).toBe(404)
    expect((await end(id)).status).toBe(204)
    expect((await end(id)).status).toBe(404)
    await subscribe(urlOf('c'))
    for (const url of ['c', 'c', 'never']) expect((await unsubscribe(urlOf(url))).status).toBe(204)
    expect((await rows()).map(({ rowKey }) => rowKey)).not.toContain(id)
    const vault = await local.operatorVault('gateway')
    const enabled: unknown[] = []
    for await (const one of vault.listPropertiesOfSecretVersions(`callback-${id}`)) enabled.push(one.enabled)
    expect(new Set(enabled)).toEqual(new Set([false]))
  })

  it('the URL is in no row, log line or journal entry (T18)', async () => {
    const written = JSON.stringify([await rows(), await on.journal(), on.lines], (_, value) =>
      typeof value === 'bigint' ? String(value) : value,
    )
    expect(written).toContain('hooks.example.com')
    expect(written).not.toContain(SIGNATURE)
    expect(written).not.toContain('/workflows/')
  })
})
