import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { JWT } from '../support/jwt-text.ts'
import type { Callers } from '../support/running.ts'
import { sallyport as command } from '../support/sallyport.ts'
import { sharedRun } from '../support/shared-run.ts'
import { directory } from '../support/tenant.ts'

// api.md, "Command line": `grant open|delegate|revoke|list` against the whole local run.

vi.setConfig({ testTimeout: 60_000, hookTimeout: 90_000 })

let run: Callers
let stateDir: string

beforeAll(async () => {
  run = await sharedRun()
  stateDir = run.stateDir
})

const sallyport = (...args: string[]) => command([...args, '--state', stateDir], { cwd: stateDir })

const as = (caller: string) => ['--caller', caller]
const READ = ['--action', 'secret:get', '--resource', 'secret/main/stripe-*', '--ttl', '10m']
const CREDENTIAL = /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/

/** A grant of billing-app: its id, and the file that holds its credential. */
async function opened(file: string, ...more: string[]): Promise<{ id: string; bearer: string[] }> {
  const answer = await sallyport('grant', 'open', ...READ, ...more, ...as('billing-app'))
  expect(answer).toMatchObject({ exit: 0, out: expect.stringMatching(CREDENTIAL) })
  writeFileSync(join(stateDir, file), answer.out)
  return { id: /^grant (\S+): active, until \S+/.exec(answer.err)?.[1] ?? '', bearer: ['--token-file', file] }
}

const read = (bearer: string[]) => sallyport('secret', 'get', 'main/stripe-api-key', ...bearer)

describe('grant', () => {
  test('0: open prints the credential alone; it reads what the grant holds, and no more often', async () => {
    const { id, bearer } = await opened('two.jwt', '--max-uses', '2')
    expect(id).toMatch(/^[0-9a-f]{32}$/)
    expect([(await read(bearer)).exit, (await read(bearer)).exit]).toEqual([0, 0])
    const third = await read(bearer)
    expect([third.exit, third.err]).toEqual([1, expect.stringContaining('403 uses_exhausted')])
    const outside = await sallyport('token', 'get', 'ledger-api', ...bearer)
    expect([outside.exit, outside.out]).toEqual([1, ''])
  })

  test('0: delegate hands a part on; the child dies with its parent (T13)', async () => {
    const parent = await opened('parent.jwt')
    const part = ['--action', 'secret:get', '--resource', 'secret/main/stripe-api-key', '--ttl', '5m']
    const child = await sallyport('grant', 'delegate', parent.id, ...part, ...parent.bearer)
    expect(child).toMatchObject({ exit: 0, out: expect.stringMatching(CREDENTIAL) })
    expect(child.err).toMatch(/^grant [0-9a-f]{32}: /)
    writeFileSync(join(stateDir, 'child.jwt'), child.out)
    const bearer = ['--token-file', 'child.jwt']
    expect((await read(bearer)).exit).toBe(0)
    expect((await sallyport('secret', 'get', 'main/stripe-webhook-secret', ...bearer)).exit).toBe(1)
    expect(await sallyport('grant', 'revoke', parent.id, ...parent.bearer)).toMatchObject({
      exit: 0,
      out: `revoked ${parent.id}`,
    })
    expect([(await read(bearer)).exit, (await read(parent.bearer)).exit]).toEqual([1, 1])
  })

  test('0: list shows the caller’s own, an officer everybody’s, no credential', async () => {
    const { id } = await opened('listed.jwt', '--max-uses', '7')
    const own = await sallyport('grant', 'list', ...as('billing-app'))
    const line = new RegExp(
      `^${id} active until \\S+ entra:\\S+ secret:get on secret/main/stripe-\\* 7 uses left$`,
      'm',
    )
    expect([own.exit, own.out]).toEqual([0, expect.stringMatching(line)])
    const officer = await sallyport('grant', 'list', '--json', ...as('security-officer'))
    expect(JSON.parse(officer.out).value.map((grant: { id: string }) => grant.id)).toContain(id)
    expect(own.out + officer.out).not.toMatch(JWT)
    expect(await sallyport('grant', 'list', ...as('stranger'))).toEqual({ exit: 0, out: '', err: '' })
  })

  test('0: an officer ends all grants of a principal', async () => {
    const { bearer } = await opened('ended.jwt')
    const principal = `entra:${directory.tenant}:${directory.app('billing-app').objectId}`
    const answer = await sallyport('grant', 'revoke', '--principal', principal, '--json', ...as('security-officer'))
    expect([answer.exit, JSON.parse(answer.out).revoked]).toEqual([0, expect.any(Number)])
    expect((await read(bearer)).exit).toBe(1)
  })

  test('1: what the caller may not do itself; another’s grant', async () => {
    const { id } = await opened('another.jwt')
    const refused = await sallyport('grant', 'open', ...READ, ...as('orders-app'))
    expect([refused.exit, refused.out]).toEqual([1, ''])
    const foreign = await sallyport('grant', 'revoke', id, ...as('stranger'))
    expect([foreign.exit, foreign.err]).toEqual([1, expect.stringContaining('403 access_denied')])
  })

  test.each([
    [['grant', 'open', '--action', 'secret:get', ...as('billing-app')]],
    [['grant', 'open', ...READ, '--max-uses', '-1', ...as('billing-app')]],
    [['grant', 'open', 'x', ...READ, ...as('billing-app')]],
    [['grant', 'delegate', ...READ, ...as('billing-app')]],
    [['grant', 'revoke', ...as('billing-app')]],
    [['grant', 'revoke', 'x', '--principal', 'y', ...as('billing-app')]],
    [['grant', 'revoke', '..', ...as('billing-app')]],
  ])('2: %j is a usage error', async (args) => {
    const answer = await sallyport(...args)
    expect([answer.exit, answer.out]).toEqual([2, ''])
  })
})
