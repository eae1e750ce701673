import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { localRun } from '../../cli/local-state.ts'
import { writeEndpoints } from '../../local/endpoints-file.ts'
import { createStorage } from '../../local/servers/create-storage.ts'
import { type LocalServers, startServers } from '../../local/servers/start-servers.ts'
import { createJournal } from '../../shared/audit/journal.ts'
import { createAzure } from '../../shared/azure/azure.ts'
import type { Table } from '../../shared/azure/table.ts'
import { createKeyRing } from '../../shared/tokens/keys/key-ring.ts'
import { denial, intent, result } from '../shared/audit/fixtures.ts'
import { sallyport as command } from '../support/sallyport.ts'

// `sallyport audit` over a state folder of its own: with the servers of a run, then with nothing running.

const ACCOUNT = 'sallyportdev'
const stateDir = mkdtempSync(join(tmpdir(), 'sallyport-audit-'))
const ledger = `token/ledger-${randomUUID()}`
let servers: LocalServers
let table: Table

beforeAll(async () => {
  servers = await startServers({ stateDir })
  const { config, operator } = await localRun(stateDir, ACCOUNT, servers)
  const azure = createAzure(config, { openCredential: async () => operator })
  if (!azure.agent) throw new Error('a local run has an agent')
  const { token } = await operator.getToken('https://storage.azure.com/.default')
  await createStorage({ account: ACCOUNT, agent: azure.agent, token })
  table = azure.table('audit')
  const common = { now: Date.now, report: () => {} }
  const vault = azure.vault(config.gatewayVault)
  const keys = createKeyRing({ ...common, keys: azure.table('keys'), leases: azure.table('leases'), vault })
  const lane = { master: keys.journalMaster, deadlineMs: 10_000, build: '0.1.0', instance: 'test' }
  const journal = createJournal({ ...common, ...lane, table })
  await journal.record(intent('allowed', { context: { reason: 'evil\u001b[2J\u202e\r\nx' } }))
  journal.follow(result('allowed'))
  await journal.record({ ...denial('refused'), resource: ledger })
  await journal.close()
  writeRun(process.pid)
})

afterAll(async () => {
  await servers.stop()
  rmSync(stateDir, { recursive: true, force: true })
})

function writeRun(pid: number): void {
  const { identity, vaults, clouds, table, blob, queue, ca, processes } = servers
  writeEndpoints(stateDir, {
    pid,
    gateway: 'http://127.0.0.1:1',
    identity,
    vaults,
    clouds,
    table,
    blob,
    queue,
    ca,
    processes,
  })
}

const sallyport = (...args: string[]) =>
  command(['audit', ...args, ...(args.includes('--state') ? [] : ['--state', stateDir])], { cwd: tmpdir() })

const parsed = ({ out }: { out: string }) => JSON.parse(out)

describe('audit verify', () => {
  test('0: proves an untouched journal, one JSON document', async () => {
    const answer = await sallyport('verify', '--json')
    expect(answer).toMatchObject({ exit: 0, err: '' })
    expect(parsed(answer)).toMatchObject({
      ok: true,
      levels: { master: { checked: true }, publicKey: { checked: false } },
      writers: 1,
      entries: 5,
      wrong: [],
    })
  })

  test('0: says in words what was checked and what was not', async () => {
    const { exit, out } = await sallyport('verify')
    expect(exit).toBe(0)
    expect(out).toMatch(/^right: 5 entries in \d blocks of 1 writer,/)
    expect(out).toContain('with the master: checked')
    expect(out).toContain('with the public key: not checked')
  })

  test('T25: 1 and the entry, after one character of it was changed', async () => {
    let victim: Awaited<ReturnType<Table['get']>>
    for await (const row of table.list({})) if (String(row['lines00']).includes(ledger)) victim = row
    if (!victim) throw new Error('no denial')
    const { etag, ...row } = victim
    const changed = await table.replace(
      { ...row, lines00: String(row['lines00']).replace(ledger, `token/x${ledger.slice(7)}`) },
      etag,
    )
    const [json, text] = [await sallyport('verify', '--json'), await sallyport('verify')]
    if (changed !== 'changed') await table.replace(row, changed.etag)
    expect([json.exit, text.exit]).toEqual([1, 1])
    expect(parsed(json)).toMatchObject({
      ok: false,
      wrongCount: 1,
      wrong: [{ code: 'mac_wrong', block: Number(row.rowKey) }],
    })
    expect(text.out).toMatch(/^WRONG \(1 finding\)[\s\S]*mac_wrong: writer [0-9a-f]{32}, block \d, entry 3/)
    expect((await sallyport('verify')).exit).toBe(0)
  })
})

describe('audit query', () => {
  test('0: gives entries as one JSON document', async () => {
    const answer = await sallyport('query', '--json')
    expect(answer.exit).toBe(0)
    const { value } = parsed(answer) as { value: Record<string, unknown>[] }
    const sorted = value.toSorted((one, other) => Number(one['seq']) - Number(other['seq']))
    const kinds = sorted.map(({ kind, event }) => event ?? kind)
    expect(kinds).toEqual(['writer.open', 'intent', 'result', 'denial', 'writer.close'])
    expect(sorted[1]).toMatchObject({
      wid: expect.stringMatching(/^[0-9a-f]{32}$/),
      block: 1,
      seq: 1,
      kind: 'intent',
      txn: 'allowed',
      resource: 'secret/main/stripe-api-key',
      context: { reason: 'evil\u001b[2J\u202e\r\nx' },
    })
  })

  test.each<[string[], string[]]>([
    [
      ['--decision', 'permit'],
      ['intent', 'result'],
    ],
    [['--decision', 'deny', '--resource', ledger], ['denial']],
    [['--resource', 'token/*'], ['denial']],
    [['--principal', intent('').principal.id, '--action', 'secret:get', '--newest', '--limit', '1'], ['denial']],
    [['--from', '2100-01-01'], []],
    [['--to', '2020-01-01T00:00:00Z'], []],
    [['--from', '2020-01-01', '--to', '2100-01-01T00:00:00+01:00', '--decision', 'deny'], ['denial']],
  ])('0: filters by %j', async (args, kinds) => {
    const answer = await sallyport('query', '--json', ...args)
    expect(parsed(answer).value.map(({ kind }: { kind: string }) => kind)).toEqual(kinds)
  })

  test('T26: prints one line of printable ASCII per entry, whatever a reason holds', async () => {
    const { out } = await sallyport('query')
    const lines = out.split('\n')
    expect(lines).toHaveLength(5)
    for (const line of lines) expect(line).toMatch(/^[ -~]+$/)
    expect(out).toMatch(
      / intent entra:\S+ secret:get secret\/main\/stripe-api-key \(permitted by billing-reads\) .* txn=allowed$/m,
    )
    expect(out).toContain(`${ledger} (no_permit`)
  })

  test('0: says that there is more than the limit', async () => {
    expect(parsed(await sallyport('query', '--json', '--limit', '2'))).toMatchObject({ more: true, value: [{}, {}] })
    expect((await sallyport('query', '--limit', '2')).err).toBe('there are more than 2')
  })

  test.each([
    [['--decision', 'maybe']],
    [['--action', 'secret:steal']],
    [['--from', 'yesterday']],
    [['--from', '2026-11-25T18:30:00']],
    [['--to', '2026-13-45']],
    [['--limit', '0']],
    [['--limit', '1e3']],
    [['--nonsense']],
    [['stripe-api-key']],
  ])('2: %j is a usage error, said on stderr', async (args) => {
    const { exit, out, err } = await sallyport('query', ...args)
    expect({ exit, out }).toEqual({ exit: 2, out: '' })
    expect(err).toMatch(/^sallyport: /)
  })
})

describe('with nothing running', () => {
  test('3: a state folder that does not exist', async () => {
    const { exit, err } = await sallyport('verify', '--state', join(stateDir, 'none'))
    expect(exit).toBe(3)
    expect(err).toContain('there is no state folder')
  })

  test('3: servers of a run that is up but does not answer', async () => {
    await servers.stop()
    expect(await sallyport('query', '--json')).toMatchObject({ exit: 3 })
  })

  test('0: starts the servers for the command, says so, and leaves none behind; a file of a killed run is no hindrance', async () => {
    writeRun(spawnSync(process.execPath, ['-e', '']).pid)
    const answer = await sallyport('verify', '--json')
    expect(answer.exit).toBe(0)
    expect(parsed(answer)).toMatchObject({ ok: true, entries: 5 })
    expect(answer.err).toMatch(/starting its servers for this command[\s\S]*stopping the local servers$/)
    expect(existsSync(join(stateDir, 'servers.lock'))).toBe(false)
  })
})
