import { beforeAll, describe, expect, it } from 'vitest'
import type { Received } from '../local/functions-host/support/send-request.ts'
import { badInputHost, SECRET_VALUE } from '../support/bad-input/host.ts'
import { KNOWN, pathOf } from '../support/bad-input/recipes.ts'
import { expectRefusal, MARKER } from '../support/bad-input/refusal.ts'
import { some } from '../support/bad-input/some.ts'

const { local, send } = badInputHost()

const vault = local.vaultControl('main')

/** F1: what is refused for its form has cost no call. Last in its `describe`. */
const noVaultCall = () =>
  it('asked the vault nothing in all of that', async () => {
    expect(await vault.counts()).toEqual({})
  })

/** Segments that are no alias, name or version, each spelt as it goes over the wire. */
const NO_NAME: readonly string[] = [
  ...['..%2fgateway', 'a%2Fb', '%2F', '%2e%2e%2f', '..%5c', 'a%5Cb', '%252e%252e', '%252F', '%25', 'a%', 'a%2', 'a%zz'],
  ...[';', 'a;b=1', 'a:b', 'a,b', 'a@b', "a'b", 'a%22b', 'a%20b', '%20', 'a+b', '*', '~', '$metadata', '{name}', '(a)'],
  ...['a%0d%0aX-Evil:%201', '%0a', '%0D', '%09', '%7f', '%1b%5b31m', '%c2%85', '%e2%80%a8'],
  ...[
    '%c3%a9',
    'a%ef%bc%8fb',
    'a%ef%bc%8eb',
    '%e2%80%ae',
    '%e2%84%aa',
    '%c4%b0',
    'e%cc%81',
    '%f0%9f%94%91',
    '%ef%bb%bfa',
  ],
  ...['%80', '%c0%ae%c0%ae', '%ed%a0%80', '%ff', '%f4%90%80%80'],
  ...['_marker', '_claim%7Cx', '__proto__', 'a.b', 'a..b', '-%01-', '...', 'main.vault.azure.net'],
  ...['https:%2f%2fevil.example', 'a%23b', 'a%3fapi-version=1', `${MARKER}_`, 'a'.repeat(128), 'a'.repeat(4_000)],
]

/** A dot segment never reaches a parameter: the host resolves it, and another path, or none, is asked for. */
const DOT_SEGMENTS = ['.', '..', '%2e', '%2E%2e', '.%2e', '%2e/%2e%2e', '../gateway', '%2e%2e/gateway', 'x/../..']

const NAMED = KNOWN.flatMap((operation) =>
  Object.keys(operation.recipe.params ?? {}).map((param) => ({ operation, param, title: operation.title })),
)

describe.each(NAMED)('{$param} of $title (T17)', ({ operation, param }) => {
  beforeAll(() => vault.clear())
  const only = { vault: ['Main', 'MAIN', '1main', '-main', 'a'.repeat(32)], name: [], version: versions() }[param]

  // Targets are looked up by whatever was sent: what is none is one that nobody may use.
  const code = param === 'target' ? 'access_denied' : 'invalid_request'

  it.each(some(operation, [...NO_NAME, ...(only ?? [])]))(`${code}: %s`, async (segment) => {
    const answer = await send(operation, { params: { [param]: segment } })
    expectRefusal(answer, code, operation.endpoint.dialect)
    if (segment.length > 3) expect(answer.body).not.toContain(segment)
  })

  noVaultCall()

  it.each(some(operation, [...DOT_SEGMENTS, '', '%00', 'a%00b', 'a/b/c/d/e']))(
    'another path or none, and no value: %s',
    async (segment) => {
      const answer = await send(operation, { params: { [param]: segment } })
      // Above a secret there is the list of names, above a run its rotation, for whom that is permitted.
      const above = answer.status === 200 ? JSON.parse(answer.body) : {}
      if (!Array.isArray(above.value) && !above.rotator)
        expect([400, 403, 404, 405], answer.body).toContain(answer.status)
      expect(answer.body).not.toContain(SECRET_VALUE)
    },
  )

  it('414 from the host: longer than a request line may be', async () => {
    const answer = await send(operation, { params: { [param]: 'a'.repeat(8_200) } })
    expect(answer).toMatchObject({ status: 414, body: '' })
  })
})

function versions(): string[] {
  return ['current', 'latest', '0', 'A'.repeat(32), 'g'.repeat(32), '0'.repeat(31), '0'.repeat(33)]
}

const reads = KNOWN.filter(({ endpoint, method }) => endpoint.name === 'secret' && method === 'GET')

describe.each(reads)('names that are only odd: $title', (operation) => {
  beforeAll(() => vault.clear())
  const seen = ({ status, body }: Received) => `${status} ${body.replace(/"instance":"[^"]+"/, '')}`

  it.each(['constructor', 'prototype', 'tostring', 'hasownproperty', 'gateway', 'null', 'undefined', 'a'.repeat(31)])(
    '403 access_denied: the vault %s is one that nobody has, and so is every other (T20)',
    async (vault) => {
      const answers = [await send(operation, { params: { vault } }), await send(operation, { params: { vault: 'zz' } })]
      for (const answer of answers) expectRefusal(answer, 'access_denied', 'problem')
      expect(new Set(answers.map(seen)).size).toBe(1)
    },
  )

  it.each(['constructor', 'toString', 'null', '0', '-', 'a'.repeat(127)])(
    '404 secret_not_found: the secret %s, to one who might read it',
    async (name) => expectRefusal(await send(operation, { params: { name } }), 'secret_not_found', 'problem'),
  )
})

/** Nothing is made for a request that gets nowhere. */
const invented = (path: string) =>
  new Map([...path.matchAll(/\$(\w+)/g)].map(([, name = '']) => [name, '00000000-0000-4000-8000-000000000000']))

const closed = KNOWN.filter(({ recipe }) => recipe.credential === 'bearer')

describe.each(closed)('spellings of the path of $title', (operation) => {
  beforeAll(() => vault.clear())
  const good = pathOf(operation)
  const last = good.slice(good.lastIndexOf('/') + 1)
  const encoded = good.replace(last[0] ?? '', (char) => `%${char.charCodeAt(0).toString(16)}`)

  it.each(
    some(operation, [
      ...[`${good}/`, `/${good}`, good.toUpperCase().replace('$VERSION', '$version'), `${good};x=1`, `${good}%2f`],
      ...[`${good}/..`, `${good}/.`, `/x/..${good}`, `/healthz/..${good}`, `/healthz/%2e%2e${good}`, `${good}/extra`],
      ...[`http://gateway.sallyport.test${good}`, `/admin/..${good}`, `${good}%20`, `${good}%09`, encoded],
    ]),
  )('400, 401, 404 or 405 without a credential: %s', async (path) => {
    const answer = await send(operation, { path, headers: { authorization: undefined }, pieces: invented(path) })
    expect([400, 401, 404, 405], answer.body).toContain(answer.status)
    expect(answer.body).not.toContain(SECRET_VALUE)
  })

  noVaultCall()
})
