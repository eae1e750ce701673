import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { main } from '../../cli/main.ts'
import { repositoryRoot } from '../../local/repository-root.ts'
import { forgetState, type Run, startRun, temporaryState } from '../support/running.ts'
import { directory } from '../support/tenant.ts'

const stateDir = temporaryState()
const proposed = mkdtempSync(join(tmpdir(), 'sallyport-proposed-'))
const SEEDS = join(repositoryRoot, 'local', 'seed', 'policies')
const SECRET = '/v1/secrets/main/stripe-api-key'
const idOf = (who: 'stranger' | 'billing-app') => `entra:${directory.tenant}:${directory.app(who).objectId}`
let run: Run
let instance: string

beforeAll(async () => {
  run = await startRun(stateDir)
  expect((await run.call(SECRET, { caller: 'billing-app' })).status).toBe(200)
  const refused = await run.call(SECRET, { caller: 'stranger' })
  instance = String(refused.json['instance'])
}, 90_000)
afterAll(async () => {
  await run?.stop()
  forgetState(stateDir)
  rmSync(proposed, { recursive: true, force: true })
})

async function sallyport(...args: string[]) {
  const lines: string[] = []
  const keep = (line: string) => void lines.push(line)
  const exit = await main(args, { env: { SALLYPORT_STATE: stateDir }, cwd: SEEDS, out: keep, err: keep })
  return { exit, text: lines.join('\n') }
}

const QUESTION = ['--action', 'secret:get', '--resource', 'secret/main/stripe-api-key']

describe('sallyport explain', () => {
  it('0: tells a caller a code about itself', async () => {
    const { exit, text } = await sallyport('explain', ...QUESTION, '--caller', 'stranger')
    expect([exit, text]).toEqual([0, `${idOf('stranger')} secret:get secret/main/stripe-api-key: deny (no_permit)`])
  })

  it('0: tells an operator why a request was refused, and who else is named for it', async () => {
    const { exit, text } = await sallyport('explain', '--instance', instance, '--caller', 'security-officer')
    expect(exit, text).toBe(0)
    expect(text).toMatch(
      /deny \(no_permit\)\n {2}recorded .*: denial, no_permit\n {2}about others only: .*billing-reads-stripe/,
    )
    expect(text).toMatch(/policy: revision 1, ok, looked at \d+ s ago/)
  })

  it('0: shows the parts of every statement that was considered', async () => {
    const who = ['--principal', idOf('billing-app'), '--caller', 'security-officer']
    const { text } = await sallyport('explain', ...QUESTION, ...who)
    expect(text).toContain('  billing-reads-stripe (permit): applies\n    yes     principal: wanted {"entra"')
    expect(text).toContain('    yes     resource: wanted "secret/main/stripe-*", is "secret/main/stripe-api-key"')
  })

  it('1: refuses others than operators; 2: without a question', async () => {
    expect((await sallyport('explain', '--instance', instance, '--caller', 'stranger')).exit).toBe(1)
    expect((await sallyport('explain', '--action', 'secret:get', '--caller', 'stranger')).exit).toBe(2)
  })
})

describe('sallyport policy replay', () => {
  it('0: the live set over its own journal shows no difference', async () => {
    const { exit, text } = await sallyport('policy', 'replay', '--dir', SEEDS, '--days', '1')
    expect(exit, text).toBe(0)
    expect(text).toMatch(/^\d+ decisions: \d+ unchanged, 0 newly denied, 0 newly allowed, 0 inexact, 0 lists$/m)
  })

  it('1: names what a proposed set would allow', async () => {
    cpSync(SEEDS, proposed, { recursive: true })
    const principals = [{ entra: { tenant: directory.tenant, objectId: directory.app('stranger').objectId } }]
    const widening = { kind: 'statement', id: 'oops', effect: 'permit', principals, roles: ['secret-reader'] }
    writeFileSync(join(proposed, 'oops.json'), JSON.stringify({ ...widening, resources: ['secret/**'] }))
    const { exit, text } = await sallyport('policy', 'replay', '--dir', proposed)
    expect(exit).toBe(1)
    expect(text).toContain(
      `newly allowed: ${idOf('stranger')} secret:get secret/main/stripe-api-key: no_permit → permitted, 1 times, such as ${instance}`,
    )
  })

  it('2: no documents, or days that are none', async () => {
    expect((await sallyport('policy', 'replay')).exit).toBe(2)
    expect((await sallyport('policy', 'replay', '--dir', SEEDS, '--days', '93')).exit).toBe(2)
  })
})
