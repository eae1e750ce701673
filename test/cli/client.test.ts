import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { repositoryRoot } from '../../local/repository-root.ts'
import type { Callers } from '../support/running.ts'
import { sallyport as command } from '../support/sallyport.ts'
import { sharedRun } from '../support/shared-run.ts'

// api.md, "Command line": the verbs that call the gateway, against the whole local run.

vi.setConfig({ testTimeout: 60_000, hookTimeout: 90_000 })

const CANARY = 'canary-7f3a-value'
let run: Callers
let stateDir: string
/** Something at an address that is no gateway. */
let stranger: Server
let strangerUrl: string

beforeAll(async () => {
  run = await sharedRun()
  stateDir = run.stateDir
  stranger = createServer((request, response) => {
    const body = {
      code: 'internal',
      detail: 'no',
      instance: 't-1',
      value: CANARY,
      token: request.headers.authorization,
    }
    if (request.url?.includes('moved')) response.writeHead(302, { location: `${run.endpoints.gateway}/v1/whoami` })
    else if (request.url?.includes('html')) response.writeHead(502, { 'content-type': 'text/html' })
    else response.writeHead(500, { 'content-type': 'application/problem+json' })
    response.end(JSON.stringify(body))
  }).listen(0, '127.0.0.1')
  await new Promise((ready) => stranger.once('listening', ready))
  strangerUrl = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`
})

afterAll(async () => {
  await new Promise((closed) => stranger.close(closed))
})

type Options = { stdin?: string | Uint8Array; isScreen?: boolean; state?: string[] }

const sallyport = (args: string[], { stdin, isScreen = false, state = ['--state', stateDir] }: Options = {}) =>
  command([...args, ...state], {
    cwd: stateDir,
    stdin: async () => (stdin === undefined ? undefined : Buffer.from(stdin)),
    isScreen,
  })

const as = (caller: string) => ['--caller', caller]
const parsed = ({ out }: { out: string }) => JSON.parse(out)

describe('secret get', () => {
  test('0: prints the value and nothing else', async () => {
    const answer = await sallyport(['secret', 'get', 'main/stripe-api-key', ...as('billing-app')])
    expect(answer).toEqual({ exit: 0, out: expect.stringMatching(/^sk_test_[\w-]+$/), err: '' })
  })

  test('0: --json prints the whole answer', async () => {
    const answer = await sallyport(['secret', 'get', 'main/stripe-api-key', '--json', ...as('billing-app')])
    expect(parsed(answer)).toMatchObject({ vault: 'main', name: 'stripe-api-key', stage: 'current' })
  })

  test('1: shows detail, code and transaction of the refusal; the same for a secret that does not exist', async () => {
    const [denied, missing] = [
      await sallyport(['secret', 'get', 'main/stripe-api-key', ...as('stranger')]),
      await sallyport(['secret', 'get', 'main/none', ...as('stranger')]),
    ]
    const refusal = /^sallyport: .+ \(403 access_denied, transaction [0-9a-f-]{36}\)$/
    for (const answer of [denied, missing])
      expect(answer).toEqual({ exit: 1, out: '', err: expect.stringMatching(refusal) })
    const json = await sallyport(['secret', 'get', 'main/none', '--json', ...as('stranger')])
    expect([json.exit, parsed(json)]).toMatchObject([
      1,
      { error: { code: 'access_denied', status: 403, instance: expect.stringMatching(/^[0-9a-f-]{36}$/) } },
    ])
  })

  test.each([
    [['secret', 'get', ...as('billing-app')], 'VAULT/NAME'],
    [['secret', 'get', 'stripe-api-key', ...as('billing-app')], 'VAULT/NAME'],
    [['secret', 'get', 'main/a/b', ...as('billing-app')], 'VAULT/NAME'],
    [['secret', 'get', 'main/stripe-api-key'], '--caller NAME'],
    [['secret', 'get', 'main/stripe-api-key', ...as('nobody')], 'the callers are billing-app'],
    [['secret', 'get', 'main/stripe-api-key', ...as('billing-app'), '--token-file', 'x'], 'either'],
    [['secret', 'get', 'main/stripe-api-key', '--token-file', 'none'], 'cannot be read'],
    [['secret', 'get', 'main/stripe-api-key', '--gateway', 'http://gateway.example'], '--gateway'],
    [['secret', 'get', 'main/stripe-api-key', '--gateway', 'https://user@gateway.example'], '--gateway'],
    [['secret', 'get', 'main/stripe-api-key', '--reason', 'a\nb', ...as('billing-app')], '--reason'],
    [['secret', 'list', 'main', ...as('billing-app')], 'there are only options'],
    [['secret', 'list', '--limit', '0', ...as('billing-app')], '--limit'],
    [['token', 'get', ...as('billing-app')], 'target'],
  ])('2: %j is a usage error', async (args, says) => {
    const answer = await sallyport(args)
    expect([answer.exit, answer.out, answer.err]).toEqual([2, '', expect.stringContaining(says)])
  })

  test.each([
    ['../whoami', 2],
    ['main/..', 2],
    ['./.', 2],
    ['%2e%2e/whoami', 1],
    ['main/a?b', 1],
    ['main/#', 1],
  ])('%j cannot leave its endpoint', async (name, exit) => {
    const answer = await sallyport(['secret', 'get', name, ...as('billing-app')])
    expect([answer.exit, answer.out]).toEqual([exit, ''])
  })

  test('3: nothing runs, or nothing answers', async () => {
    const gone = await sallyport(['secret', 'get', 'main/a', ...as('x')], {
      state: ['--state', join(stateDir, 'none')],
    })
    expect(gone).toMatchObject({ exit: 3, err: expect.stringContaining('nothing runs') })
    writeFileSync(join(stateDir, 'any.jwt'), 'abc\n')
    const dead = await sallyport([
      'secret',
      'get',
      'main/a',
      '--token-file',
      'any.jwt',
      '--gateway',
      'http://127.0.0.1:1',
    ])
    expect(dead).toMatchObject({ exit: 3, err: expect.stringContaining('does not answer') })
  })

  test('3: what is no gateway is not quoted, and no redirect is followed with the token (T18, T40)', async () => {
    writeFileSync(join(stateDir, 'any.jwt'), CANARY)
    const at = (name: string) =>
      sallyport(['secret', 'get', `main/${name}`, '--token-file', 'any.jwt', '--gateway', strangerUrl])
    const [problem, html, moved] = [await at('a'), await at('html'), await at('moved')]
    expect([problem.exit, html.exit, moved.exit]).toEqual([3, 3, 3])
    expect(problem.err).toBe('sallyport: no (500 internal, transaction t-1)')
    expect(html.err).toBe('sallyport: the gateway answered 502, without saying why')
    expect(JSON.stringify([problem, html, moved])).not.toContain(CANARY)
  })
})

describe('secret set', () => {
  const reader = async (name: string) =>
    (await run.call(`/v1/secrets/main/${name}`, { caller: 'billing-app' })).json['value']

  test('0: takes the value of stdin, without the final line break of `echo`, and prints no value', async () => {
    const answer = await sallyport(['secret', 'set', 'main/stripe-from-cli', ...as('deploy-app')], {
      stdin: `${CANARY}\n`,
    })
    expect(answer).toEqual({
      exit: 0,
      out: expect.stringMatching(/^main\/stripe-from-cli: created [0-9a-f]{32}$/),
      err: '',
    })
    expect(await reader('stripe-from-cli')).toBe(CANARY)
  })

  test('0: takes a file byte for byte, with labels; secret get gives it back unchanged', async () => {
    const value = '-----BEGIN-----\nä\u001b[31m\n-----END-----\n'
    writeFileSync(join(stateDir, 'value.pem'), value)
    const labels = [
      '--content-type',
      'application/x-pem-file',
      '--tag',
      'team=billing',
      '--expires',
      '2030-01-01T00:00:00Z',
    ]
    const set = [
      'secret',
      'set',
      'main/stripe-pem',
      '--value-file',
      'value.pem',
      ...labels,
      '--json',
      ...as('deploy-app'),
    ]
    const answer = await sallyport(set)
    expect(answer.exit).toBe(0)
    expect(parsed(answer)).toMatchObject({ name: 'stripe-pem', contentType: 'application/x-pem-file' })
    expect(answer.out).not.toContain('BEGIN')
    const get = ['secret', 'get', 'main/stripe-pem', ...as('billing-app')]
    expect((await sallyport(get)).out).toBe(value)
    // A person's terminal is not driven by what a secret holds.
    expect((await sallyport(get, { isScreen: true })).out).toBe(value.replace('\u001b', '\\u{1b}'))
  })

  test('0 once: the same idempotency key writes one version', async () => {
    const set = () =>
      sallyport(
        ['secret', 'set', 'main/stripe-once', '--json', '--idempotency-key', 'deploy-17', ...as('deploy-app')],
        {
          stdin: 'v',
        },
      )
    const [first, again] = [await set(), await set()]
    expect([first.exit, again.exit]).toEqual([0, 0])
    expect(parsed(again).version).toBe(parsed(first).version)
  })

  test.each<[string, string[], Options]>([
    ['no value', [], {}],
    ['an empty value', [], { stdin: '\n' }],
    ['bytes that are no text', [], { stdin: new Uint8Array([0xff, 0xfe]) }],
    ['a file that is not there', ['--value-file', 'none'], {}],
    ['a tag without a text', ['--tag', 'x'], { stdin: 'v' }],
    ['a key that is no header', ['--idempotency-key', 'a\nb'], { stdin: 'v' }],
    ['a value as an argument', [CANARY], { stdin: 'v' }],
  ])('2: %s', async (_, args, options) => {
    const answer = await sallyport(['secret', 'set', 'main/stripe-none', ...args, ...as('deploy-app')], options)
    expect([answer.exit, answer.out]).toEqual([2, ''])
    expect(answer.err).not.toContain(CANARY)
  })

  test('1: a refused value is in no error', async () => {
    const set = ['secret', 'set', 'main/stripe-from-cli', '--if-none-match', '*', '--json', ...as('deploy-app')]
    const exists = await sallyport(set, { stdin: CANARY })
    expect([exists.exit, parsed(exists).error.code]).toEqual([1, 'precondition_failed'])
    const tooLong = await sallyport(['secret', 'set', 'main/a', ...as('deploy-app')], { stdin: CANARY.repeat(2_000) })
    const denied = await sallyport(['secret', 'set', 'main/a', ...as('stranger')], { stdin: CANARY })
    expect([tooLong.exit, denied.exit]).toEqual([1, 1])
    expect(JSON.stringify([exists, tooLong, denied])).not.toContain(CANARY)
  })
})

describe('secret list', () => {
  test('0: names what the caller may see, over all pages', async () => {
    const answer = await sallyport(['secret', 'list', '--vault', 'main', '--prefix', 'stripe-', ...as('billing-app')])
    expect(answer.exit).toBe(0)
    expect(answer.out.split('\n')).toEqual(
      expect.arrayContaining(['main/stripe-api-key', 'main/stripe-webhook-secret']),
    )
    const json = await sallyport(['secret', 'list', '--limit', '1', '--json', ...as('billing-app')])
    expect(parsed(json)).toMatchObject({ value: [{ vault: 'main' }] })
    expect(json.out).not.toContain('sk_test_')
  })

  test('0: nothing, for whom nothing is permitted', async () => {
    expect(await sallyport(['secret', 'list', ...as('stranger')])).toEqual({ exit: 0, out: '', err: '' })
  })
})

describe('token get', () => {
  test('0: prints the token and nothing else; it may come of a token file', async () => {
    writeFileSync(join(stateDir, 'caller.jwt'), `${await run.token('billing-app')}\n`)
    for (const who of [as('billing-app'), ['--token-file', 'caller.jwt']]) {
      const answer = await sallyport(['token', 'get', 'ledger-api', '--ttl', '60s', '--reason', 'settle', ...who])
      expect(answer).toEqual({ exit: 0, out: expect.stringMatching(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/), err: '' })
    }
  })

  test('0: --json says what it can do; 1: a target that is refused', async () => {
    const answer = await sallyport(['token', 'get', 'ledger-api', '--json', ...as('billing-app')])
    expect(parsed(answer)).toMatchObject({ target: 'ledger-api', blastRadius: { revocable: expect.any(String) } })
    const refused = await sallyport(['token', 'get', 'ledger-api', ...as('reports-app')])
    expect([refused.exit, refused.out]).toEqual([1, ''])
    expect(refused.err).toContain('access_denied')
  })
})

describe('the command itself', () => {
  test('0: reads stdin of its own process, ends its output with a line break', async () => {
    const node = (args: string[], input: string) => {
      const child = spawn(process.execPath, ['cli/sallyport.mjs', ...args, '--state', stateDir], {
        cwd: repositoryRoot,
      })
      child.stdin.end(input)
      return Promise.all([textOf(child.stdout), textOf(child.stderr)])
    }
    const [set] = await node(['secret', 'set', 'main/stripe-piped', ...as('deploy-app')], 'piped value\n')
    expect(set).toMatch(/^main\/stripe-piped: created/)
    expect(await node(['secret', 'get', 'main/stripe-piped', ...as('billing-app')], '')).toEqual(['piped value\n', ''])
  })
})
