import { beforeAll, describe, expect, it } from 'vitest'
import { reports } from '../../functions/reports.ts'
import { SCHEDULES, tick } from '../../functions/schedules.ts'
import { secret } from '../../functions/secret.ts'
import { rig } from '../support/rig.ts'
import { secretGateway, statement } from '../support/secret-gateway.ts'

const local = rig()
const CANARY = 'canary-of-a-value-that-no-report-holds'
let on: Awaited<ReturnType<typeof secretGateway>>

beforeAll(async () => {
  on = await secretGateway(local, [
    statement('orders-reads-review', 'orders-app', ['secret-reader'], ['secret/main/review-*']),
  ])
  const vault = await local.operatorVault('main')
  await vault.setSecret('review-key', CANARY, { tags: { note: '<img src=x onerror=alert(1)>' } })
  await vault.setSecret('review-unread', CANARY)
  await on.call(secret, 'orders-app', { params: { vault: 'main', name: 'review-key' } })
  await on.gateway.indexUses()
  return () => on.gateway.close()
})

type Sections = { sections: { id: string; total: number; meaning: string; items: Record<string, unknown>[] }[] }
const read = async (name: string, more: object = {}) => {
  const answer = await on.call(reports, 'security-officer', { params: { name }, ...more })
  const sections = (answer.json as Sections | undefined)?.sections ?? []
  return { ...answer, of: (id: string) => sections.find((one) => one.id === id) }
}

describe('GET /v1/reports/{name} (S13)', () => {
  it('403 access_denied without audit:read, 400 for an unknown one', async () => {
    expect((await on.call(reports, 'orders-app', { params: { name: 'unused' } })).status).toBe(403)
    expect((await read('everything')).status).toBe(400)
  })

  it('200 makes the first review itself, of names and metadata', async () => {
    const unused = await read('unused')
    expect(unused.status).toBe(200)
    const never = unused.of('never-read')?.items.map((item) => item['resource'])
    expect(never).toContain('secret/main/review-unread')
    expect(never).not.toContain('secret/main/review-key')
    const statements = unused.of('unused-permissions')?.items.map((item) => item['statement'])
    expect(statements).not.toContain('orders-reads-review')
    expect(statements).toContain('officer-audits')
  })

  it('lists managed identities out of Graph, and roles out of ARM', async () => {
    const identities = await read('identities')
    expect(identities.of('managed-identities')?.total).toBeGreaterThan(0)
    expect(identities.of('managed-identities')?.meaning).not.toContain('NOT KNOWN')
    expect(identities.of('managed-identities')?.items).toContainEqual(expect.objectContaining({ assigned: 'user' }))
    const rbac = await read('rbac')
    expect(rbac.of('missing-roles')?.meaning).not.toContain('NOT KNOWN')
    expect(rbac.of('broad-roles')?.items).toContainEqual(
      expect.objectContaining({ role: 'Key Vault Secrets Officer', because: 'nothing asks for it' }),
    )
  })

  it('200 text/html under a policy that lets nothing run, with a chart', async () => {
    const page = await read('access-review', { headers: { accept: 'text/html,*/*' } })
    expect(page.headers).toMatchObject({
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': expect.stringContaining("default-src 'none'"),
    })
    expect(page.text).toContain('<svg role="img"')
    expect((await read('access-review', { query: 'format=html' })).text).toContain('<h1>Access review</h1>')
  })

  it('no value is in any report, row, page or event', async () => {
    let all = ''
    for await (const row of on.azure.table('reports').list({})) all += JSON.stringify(row)
    for (const name of ['access-review', 'unused', 'stragglers', 'identities', 'rbac'])
      all += `${JSON.stringify((await read(name)).json)}${(await read(name, { query: 'format=html' })).text}`
    expect(all).toContain('review-unread')
    expect(all + JSON.stringify(on.lines) + JSON.stringify(await on.journal())).not.toContain(CANARY)
  })

  it('the timer makes it anew, once on two instances, and says that it is ready', async () => {
    const review = SCHEDULES.find(({ name }) => name === 'review')
    if (!review) throw new Error('no such timer')
    const before = (await read('unused')).json as { generatedAt: string }
    await Promise.all([tick(review, on.gateway), tick(review, on.gateway)])
    expect(((await read('unused')).json as { generatedAt: string }).generatedAt > before.generatedAt).toBe(true)
    const entries = await on.journal()
    const ready = entries.filter((entry) => entry.kind === 'system' && entry.detail['type'] === 'review.ready')
    expect(ready.length).toBeGreaterThanOrEqual(2)
    const heads = []
    for await (const { partitionKey, rowKey } of on.azure.table('reports').list({}))
      heads.push(`${partitionKey} ${rowKey.split('|')[0]}`)
    expect(new Set(heads).size).toBe(10)
  })

  it('sweeps through the gateway, twice at once', async () => {
    const [one, other] = await Promise.all([on.gateway.sweep(), on.gateway.sweep()])
    expect(Object.keys({ ...one, ...other })).toContain('unknownResults')
  })
})
