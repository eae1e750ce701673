import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { localRun } from '../../cli/local-state.ts'
import { main } from '../../cli/main.ts'
import { writeEndpoints } from '../../local/endpoints-file.ts'
import { repositoryRoot } from '../../local/repository-root.ts'
import { createStorage } from '../../local/servers/create-storage.ts'
import { type LocalServers, startServers } from '../../local/servers/start-servers.ts'
import { createAzure } from '../../shared/azure/azure.ts'
import { applyPolicies } from '../../shared/policy/apply.ts'

const ACCOUNT = 'sallyportdev'
const SEEDS = join(repositoryRoot, 'local', 'seed', 'policies')
const CASES = join(repositoryRoot, 'local', 'seed', 'policy-cases.json')
const BILLING = 'entra:11111111-1111-4111-8111-111111111111:b0000000-0000-4000-8000-000000000001'
const folder = mkdtempSync(join(tmpdir(), 'sallyport-tooling-'))
const state = join(folder, 'state')
let servers: LocalServers
let putByApi: (document: object) => Promise<void>

beforeAll(async () => {
  servers = await startServers({ stateDir: state, memory: true })
  const { stop: _stop, environment: _environment, ...rest } = servers
  writeEndpoints(state, { pid: process.pid, gateway: 'http://127.0.0.1:7071', ...rest })
  const { config, operator } = await localRun(state, ACCOUNT)
  const azure = createAzure(config, { openCredential: async () => operator })
  if (!azure.agent) throw new Error('a local run has an agent')
  const { token } = await operator.getToken('https://storage.azure.com/.default')
  await createStorage({ account: ACCOUNT, agent: azure.agent, token })
  putByApi = async (document) => {
    const table = azure.table('policies')
    await applyPolicies({ table, documents: [document], now: Date.now, manager: 'api', force: true })
  }
})

afterAll(async () => {
  await servers.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function sallyport(...args: string[]) {
  const lines: string[] = []
  const keep = (line: string) => void lines.push(line)
  const terminal = { env: { SALLYPORT_STATE: state }, cwd: SEEDS, out: keep, err: keep }
  return { exit: await main(['policy', ...args], terminal), text: lines.join('\n') }
}

/** A copy of the seeded documents with one file's first document changed. */
function planted(name: string, file: string, change: (document: Record<string, unknown>) => void): string {
  const copy = join(folder, name)
  cpSync(SEEDS, copy, { recursive: true })
  const documents = JSON.parse(readFileSync(join(copy, file), 'utf8')) as Record<string, unknown>[]
  change(documents[0] ?? {})
  writeFileSync(join(copy, file), JSON.stringify(documents))
  return copy
}

describe('sallyport policy plan, as CI runs it', () => {
  it('1: a planted widening fails it, and is named; without the flag it is said all the same', async () => {
    const wide = planted('wide', 'billing-app.json', (document) => {
      document['resources'] = ['secret/main/*']
    })
    const plan = ['plan', '--dir', wide, '--against', SEEDS]
    const { exit, text } = await sallyport(...plan, '--fail-on-widening')
    expect(exit).toBe(1)
    expect(text).toContain('~ statement/billing-reads-stripe')
    expect(text).toContain('/resources: ["secret/main/stripe-*"] → ["secret/main/*"]')
    expect(text).toContain('statement/billing-reads-stripe (permission): it covers more resources')
    expect(await sallyport(...plan)).toMatchObject({ exit: 0, text: expect.stringContaining('covers more resources') })
    expect(await sallyport(...plan, '--fail-on-self-grant', BILLING)).toMatchObject({ exit: 1 })
    const other = BILLING.replace(/1$/, '2')
    expect(await sallyport(...plan, '--fail-on-self-grant', other)).toMatchObject({ exit: 0 })
    expect(await sallyport(...plan, '--fail-on-self-grant', 'me@contoso.example')).toMatchObject({ exit: 2 })
  })

  it('0: a narrower set passes; 1: a faulty one is told file by file', async () => {
    const narrow = planted('narrow', 'billing-app.json', (document) => {
      document['resources'] = ['secret/main/stripe-api-key']
    })
    const plan = ['plan', '--dir', narrow, '--against', SEEDS, '--fail-on-widening', '--json']
    const { exit, text } = await sallyport(...plan)
    expect(exit).toBe(0)
    expect(JSON.parse(text)).toMatchObject({ ok: true, widenings: [] })
    const faulty = planted('faulty', 'billing-app.json', (document) => {
      document['roles'] = ['nope']
      document['x'] = 1
    })
    const told = await sallyport('plan', '--dir', faulty, '--against', SEEDS)
    expect(told.exit).toBe(1)
    expect(told.text).toMatch(/billing-app\.json#0 \/x: is not a known field/)
  })
})

describe('sallyport policy test', () => {
  it('0: the seeded policies answer as their cases say', async () => {
    expect(await sallyport('test', CASES, '--dir', SEEDS)).toMatchObject({
      exit: 0,
      text: expect.stringMatching(/^(\d+) of \1 cases are as expected$/),
    })
  })

  it('1: an answer that is not the expected one is named with both; 1: a malformed file with every fault', async () => {
    const wrong = join(folder, 'wrong.json')
    const [first] = JSON.parse(readFileSync(CASES, 'utf8'))
    writeFileSync(
      wrong,
      JSON.stringify([{ ...first, name: 'planted', expect: { effect: 'deny', obligations: { x: 1 } } }]),
    )
    const { exit, text } = await sallyport('test', wrong, '--dir', SEEDS)
    expect(exit).toBe(1)
    expect(text).toContain('planted')
    expect(text).toContain('effect: expected "deny", got "permit"')
    expect(text).toContain('obligations: expected {"x":1}, got {}')
    writeFileSync(
      wrong,
      JSON.stringify([{ name: 'x', question: { ...first.question, action: 'no' }, expect: {}, y: 1 }]),
    )
    const bad = await sallyport('test', wrong, '--dir', SEEDS)
    expect(bad.exit).toBe(1)
    for (const pointer of ['/0/question/action', '/0/expect/effect', '/0/y']) expect(bad.text).toContain(pointer)
  })
})

describe('sallyport policy export, drift and plan on the table', () => {
  it('0: what is exported is applied again as the same set, byte by byte', async () => {
    expect(await sallyport('apply', '--dir', SEEDS)).toMatchObject({ exit: 0 })
    expect(await sallyport('drift', '--dir', SEEDS)).toMatchObject({ exit: 0 })
    const [one, other] = [join(folder, 'one'), join(folder, 'other')]
    expect(await sallyport('export', '--out', one)).toMatchObject({ exit: 0 })
    expect(await sallyport('export', '--out', one)).toMatchObject({
      exit: 2,
      text: expect.stringContaining('not empty'),
    })
    expect(await sallyport('apply', '--dir', join(SEEDS, '..', 'policies'), '--expect-revision', '7')).toMatchObject({
      exit: 1,
      text: expect.stringContaining('revision 1 is in force, not 7'),
    })
    expect(await sallyport('apply', 'issuers.json')).toMatchObject({ exit: 0 })
    expect(await sallyport('apply', '--exact', '--dir', one)).toMatchObject({ exit: 0 })
    expect(await sallyport('export', '--out', other)).toMatchObject({ exit: 0 })
    const bytes = (dir: string) => readdirSync(dir).map((name) => [name, readFileSync(join(dir, name), 'utf8')])
    expect(bytes(other)).toEqual(bytes(one))
    expect(await sallyport('drift', '--dir', SEEDS)).toMatchObject({ exit: 0 })
    expect(await sallyport('test', CASES)).toMatchObject({ exit: 0 })
  })

  it('1: drift names what was changed behind the documents; apply refuses until its plan was seen', async () => {
    await putByApi({ kind: 'role', name: 'secret-reader', actions: ['secret:get'] })
    const drift = await sallyport('drift', '--dir', SEEDS)
    expect(drift.exit).toBe(1)
    expect(drift.text).toContain('! role/secret-reader: it was changed since, by the API')
    const refused = await sallyport('apply', '--dir', SEEDS)
    expect(refused).toMatchObject({ exit: 1, text: expect.stringContaining('/role/secret-reader') })
    const plan = JSON.parse((await sallyport('plan', '--dir', SEEDS, '--json')).text) as { revision: number }
    expect(await sallyport('apply', '--dir', SEEDS, '--expect-revision', String(plan.revision))).toMatchObject({
      exit: 0,
    })
    expect(await sallyport('drift', '--dir', SEEDS)).toMatchObject({ exit: 0 })
  })

  it('0: documents of others are left alone, and said; only --strict counts them as drift', async () => {
    await putByApi({ kind: 'role', name: 'made-by-api', actions: ['secret:get'] })
    expect(await sallyport('apply', '--dir', SEEDS)).toMatchObject({
      exit: 0,
      text: expect.stringContaining('left alone: role/made-by-api (manager api)'),
    })
    expect(await sallyport('drift', '--dir', SEEDS)).toMatchObject({ exit: 0 })
    expect(await sallyport('drift', '--dir', SEEDS, '--strict')).toMatchObject({ exit: 1 })
    expect(await sallyport('apply', '--dir', SEEDS, '--manager', 'api')).toMatchObject({ exit: 2 })
  })
})
