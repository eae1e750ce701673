import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { repositoryRoot } from '../../local/repository-root.ts'
import { issuer, role, statement } from '../support/policy/documents.ts'
import { sallyport as command } from '../support/sallyport.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-policies-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, content: unknown): string {
  writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
  return name
}

const sallyport = (...args: string[]) => command(args, { cwd: folder })

describe('sallyport policy validate', () => {
  it('0: valid documents, of files and folders', async () => {
    file('good.json', [role('reader'), statement('s'), issuer('ci')])
    expect(await sallyport('policy', 'validate', 'good.json')).toEqual({
      exit: 0,
      out: '3 documents are valid',
      err: '',
    })
    const seeds = join(repositoryRoot, 'local', 'seed', 'policies')
    const { exit, out } = await sallyport('policy', 'validate', '--dir', seeds, '--json')
    expect({ exit, answer: JSON.parse(out) }).toMatchObject({ exit: 0, answer: { ok: true, faults: [] } })
  })

  it('1: every fault with file, place and sentence', async () => {
    file('bad.json', [role('reader', ['nope']), statement('s', { roles: ['missing'], colour: 'red' })])
    const { exit, out } = await sallyport('policy', 'validate', 'bad.json')
    expect(exit).toBe(1)
    expect(out).toContain('bad.json#0 /actions/0: must be ')
    expect(out).toContain('bad.json#1 /colour: is not a known field')
    const json = await sallyport('policy', 'validate', 'bad.json', '--json')
    expect(JSON.parse(json.out)).toMatchObject({
      ok: false,
      faults: [{ pointer: '/actions/0' }, { pointer: '/colour' }],
    })
  })

  it('1: a rotation of what the gateway stands on, as far as its settings are there (T24)', async () => {
    const subscription = '/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/rg/providers'
    const settings = { account: `${subscription}/Microsoft.Storage/storageAccounts/sallyportdata` }
    const common = { kind: 'rotation', secret: 'main/key', every: '30d', owner: 'team' }
    file('own.json', [{ ...common, name: 'key', rotator: 'storage-key', settings }])
    expect(await sallyport('policy', 'validate', 'own.json')).toMatchObject({ exit: 0 })
    const env = { SALLYPORT_TABLE_ENDPOINT: 'https://sallyportdata.table.core.windows.net' }
    const { exit, out } = await command(['policy', 'validate', 'own.json'], { cwd: folder, env })
    expect(exit).toBe(1)
    expect(out).toContain(
      'own.json#0 /settings/account: is a storage account that the gateway itself lives on: whoever',
    )
  })

  it('1: what is no JSON, with the file', async () => {
    file('broken.json', '{"kind":"role","kind":"role"}')
    const { exit, err } = await sallyport('policy', 'validate', 'broken.json')
    expect({ exit, err }).toMatchObject({ exit: 1, err: expect.stringMatching(/broken\.json: holds a key twice/) })
  })

  it('T26: a document cannot drive the terminal', async () => {
    file('evil.json', { ...role('reader'), '\u001b[2J\u202e\r\nsallyport: 0 faults': 1 })
    const { out } = await sallyport('policy', 'validate', 'evil.json')
    expect(out.split('\n')).toHaveLength(1)
    expect(out).toContain('\\u{1b}[2J\\u{202e}\\u{d}\\u{a}')
  })

  it.each([
    ['nothing named', ['policy', 'validate'], /name the documents/],
    ['a folder that is not there', ['policy', 'validate', '--dir', 'nowhere'], /cannot read .*nowhere \(ENOENT\)/],
    ['an unknown option', ['policy', 'validate', '--force'], /Unknown option '--force'/],
    ['an unknown verb', ['policy', 'destroy'], /usage: sallyport/],
    ['no verb', [], /usage: sallyport/],
  ])('2: %s', async (_name, args, message) => {
    const { exit, err } = await sallyport(...args)
    expect(exit).toBe(2)
    expect(err).toMatch(message)
  })

  it('2: an unknown verb under --json is JSON too', async () => {
    const { exit, out, err } = await sallyport('policy', 'destroy', '--json')
    expect({ exit, err }).toEqual({ exit: 2, err: '' })
    expect(JSON.parse(out).error.message).toContain('policy validate, policy plan, policy apply')
  })

  it('0: help', async () => {
    expect(await sallyport('--help')).toMatchObject({ exit: 0, err: '' })
    expect((await sallyport('policy', 'apply', '--help')).out).toContain('usage: sallyport policy apply')
  })

  it('3: apply with nothing running, said in one sentence', async () => {
    file('good.json', role('reader'))
    const { exit, err } = await sallyport('policy', 'apply', 'good.json')
    expect({ exit, err }).toMatchObject({
      exit: 3,
      err: expect.stringMatching(/nothing runs with the state folder .*npm start/),
    })
    const json = await sallyport('policy', 'apply', 'good.json', '--json', '--state', 'elsewhere')
    expect(json.exit).toBe(3)
    expect(JSON.parse(json.out)).toMatchObject({ error: { message: expect.stringMatching(/elsewhere/) } })
  })

  it('2: apply to a deployment that cannot be one', async () => {
    const wrong = ['policy', 'apply', 'good.json', '--table-endpoint']
    expect(await sallyport(...wrong, 'http://x.table.core.windows.net')).toMatchObject({ exit: 2 })
    expect(await sallyport(...wrong, 'https://x.table.core.windows.net', '--cloud', 'Mars')).toMatchObject({ exit: 2 })
  })

  it('runs from the launcher, whose exit code is the verb’s', () => {
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [join(repositoryRoot, 'cli/sallyport.mjs'), ...args], {
        cwd: folder,
        encoding: 'utf8',
      })
    file('good.json', role('reader'))
    expect(run('policy', 'validate', 'good.json')).toMatchObject({
      status: 0,
      stdout: '1 documents are valid\n',
      stderr: '',
    })
    expect(run('policy')).toMatchObject({ status: 2, stdout: '' })
  })

  it.each([
    [0, 'help'],
    [0, 'help 2>&1'],
    [2, 'nonsense 2>&1'],
  ])('%i and no stack trace where nobody reads: %s', (status, args) => {
    // Its reader is gone before Node has started.
    const command = `'${join(repositoryRoot, 'cli/sallyport.mjs')}' ${args} | true; echo "\${PIPESTATUS[0]}"`
    const piped = spawnSync('bash', ['-c', command], { encoding: 'utf8' })
    expect(piped).toMatchObject({ stdout: `${status}\n`, stderr: '' })
  })
})
