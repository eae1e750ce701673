import { mkdtempSync, rmSync } from 'node:fs'
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
import type { Table } from '../../shared/azure/table.ts'
import { createPolicyStore } from '../../shared/policy/store.ts'

const ACCOUNT = 'sallyportdev'
const SEEDS = join(repositoryRoot, 'local', 'seed', 'policies')
const state = mkdtempSync(join(tmpdir(), 'sallyport-apply-'))
let servers: LocalServers
let table: Table

beforeAll(async () => {
  servers = await startServers({ stateDir: state, memory: true })
  const { identity, vaults, clouds, table: origin, blob, queue, ca, processes } = servers
  const gateway = 'http://127.0.0.1:7071'
  writeEndpoints(state, {
    pid: process.pid,
    gateway,
    identity,
    vaults,
    clouds,
    table: origin,
    blob,
    queue,
    ca,
    processes,
  })
  const { config, operator } = await localRun(state, ACCOUNT)
  const azure = createAzure(config, { openCredential: async () => operator })
  table = azure.table('policies')
  if (!azure.agent) throw new Error('a local run has an agent')
  const { token } = await operator.getToken('https://storage.azure.com/.default')
  await createStorage({ account: ACCOUNT, agent: azure.agent, token })
})

afterAll(async () => {
  await servers.stop()
  rmSync(state, { recursive: true, force: true })
})

async function sallyport(...args: string[]) {
  const lines: string[] = []
  const keep = (line: string) => void lines.push(line)
  const exit = await main(['policy', 'apply', ...args], {
    env: { SALLYPORT_STATE: state },
    cwd: SEEDS,
    out: keep,
    err: keep,
  })
  return { exit, text: lines.join('\n') }
}

describe('sallyport policy apply', () => {
  it('0: makes the documents the set in force, as the operator; the same again changes nothing', async () => {
    const first = await sallyport('--dir', '.', '--json')
    expect(JSON.parse(first.text)).toMatchObject({ ok: true, revision: 1, removed: 0 })
    expect(await sallyport('--dir', SEEDS)).toMatchObject({
      exit: 0,
      text: expect.stringMatching(/^revision 1: 0 new or changed, 0 removed, \d+ in force$/),
    })
  })

  it('0: what is not among the documents is removed; a rollback brings it back', async () => {
    expect(await sallyport('issuers.json', 'roles.json')).toMatchObject({
      exit: 0,
      text: expect.stringMatching(/^revision 2: 0 new/),
    })
    expect(await sallyport('--dir', SEEDS)).toMatchObject({
      exit: 0,
      text: expect.stringMatching(/^revision 3: \d+ new/),
    })
    const store = createPolicyStore({
      table,
      now: Date.now,
      pollSeconds: 5,
      maxStaleSeconds: 60,
      forbiddenIssuer: 'http://127.0.0.1:7071',
      report: () => {},
    })
    await store.refresh()
    expect(store.status()).toMatchObject({ state: 'ok', revision: 3 })
    expect(store.current().target('ledger-api')?.access).toBe('write')
  })

  it('1: a set with a fault changes nothing', async () => {
    const { exit, text } = await sallyport('billing-app.json')
    expect(exit).toBe(1)
    expect(text).toContain('is not a role of this set')
    expect(text).toContain('nothing was changed')
    expect(await table.get('_', 'revision')).toMatchObject({ revision: 3 })
  })

  it('1: while another apply holds the table and waiting is not wanted', async () => {
    const row = await table.get('_', 'apply')
    if (!row) throw new Error('no claim row')
    const held = await table.replace({ ...row, expires: new Date(Date.now() + 20_000).toISOString() }, row.etag)
    expect(await sallyport('roles.json', '--wait', '0')).toMatchObject({
      exit: 1,
      text: expect.stringMatching(/another apply is running/),
    })
    if (held !== 'changed') await table.replace({ ...row, expires: new Date(0).toISOString() }, held.etag)
  })
})
