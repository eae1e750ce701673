import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import type { Endpoints } from '../../cli/local-state.ts'
import type { Callers } from '../support/running.ts'
import { sallyport as command } from '../support/sallyport.ts'
import { sharedRun } from '../support/shared-run.ts'

// Row S13 of product.md against the whole local run: a real PostgreSQL, its password rotated while an application uses it.

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

let run: Callers
let stateDir: string

beforeAll(async () => {
  run = await sharedRun()
  stateDir = run.stateDir
})

const sallyport = (...args: string[]) => command([...args, '--state', stateDir], { cwd: stateDir })

type Login = { username: string; password: string; database: string }

/** As an application does: the value from the gateway, then a login over TLS; throws when either fails. */
async function logInOnce(): Promise<string> {
  const { exit, out, err } = await sallyport('secret', 'get', 'main/orders-db-password', '--caller', 'orders-app')
  if (exit !== 0) throw new Error(err)
  const { username, password, database } = JSON.parse(out) as Login
  const { postgres = '', ca } = JSON.parse(readFileSync(join(stateDir, 'endpoints.json'), 'utf8')) as Endpoints
  const { hostname, port } = new URL(postgres)
  const ssl = { ca: readFileSync(ca, 'utf8') }
  const client = new Client({ host: hostname, port: Number(port), user: username, password, database, ssl })
  await client.connect()
  await client.query('SELECT 1')
  await client.end()
  return username
}

/** The shared run's timers fire once a minute: as an operator in a hurry, by the admin API of the local host. */
async function fire(timer: string): Promise<void> {
  const { gateway } = JSON.parse(readFileSync(join(stateDir, 'endpoints.json'), 'utf8')) as Endpoints
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${gateway}/admin/functions/${timer}`, { method: 'POST', headers, body: '{}' })
  expect(answer.status).toBe(202)
}

const engineer = ['--caller', 'platform-engineer']

describe('rotation', () => {
  test('0: run shows each stage; an application that logs in throughout never fails, and holds nothing up', async () => {
    const names: string[] = []
    const failures: unknown[] = []
    let over = false
    const application = (async () => {
      while (!over) {
        await logInOnce().then(
          (name) => names.push(name),
          (error) => failures.push(error),
        )
        for (const timer of ['seal', 'rotate']) await fire(timer)
      }
    })()
    const answer = await sallyport('rotation', 'run', 'orders-db-password', ...engineer)
    over = true
    await application
    expect(answer.exit).toBe(0)
    const stages = [...answer.err.matchAll(/^\S+Z (\w+)$/gm)].map(([, state]) => state)
    expect(stages).toEqual(['pending', 'set', 'verified', 'current', 'retired'])
    expect(failures).toEqual([])
    expect(names[0]).toBe('orders_a')
    expect(await logInOnce()).toBe('orders_b')
  })

  test('0: list and status say where it stands', async () => {
    const list = await sallyport('rotation', 'list', ...engineer)
    expect(list.out).toMatch(/^orders-db-password: idle, database of main\/orders-db-password, due 20/m)
    const status = await sallyport('rotation', 'status', 'orders-db-password', ...engineer)
    expect(status.out).toContain('last rotated 20')
    expect(status.out).toMatch(/^\S+Z retired$/m)
    expect((await sallyport('rotation', 'list', '--caller', 'stranger')).out).toBe('')
  })

  test('1: what is over cannot be aborted; a stranger is refused', async () => {
    const { out } = await sallyport('rotation', 'status', 'orders-db-password', ...engineer, '--json')
    const { id } = JSON.parse(out).run
    const abort = await sallyport('rotation', 'abort', 'orders-db-password', id, ...engineer)
    expect([abort.exit, abort.err]).toEqual([1, expect.stringContaining('409 conflict')])
    const refused = await sallyport('rotation', 'run', 'orders-db-password', '--caller', 'stranger')
    expect([refused.exit, refused.err]).toEqual([1, expect.stringContaining('403 access_denied')])
  })
})
