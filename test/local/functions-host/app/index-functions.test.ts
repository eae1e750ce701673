import { describe, expect, test } from 'vitest'
import type { RegisteredFunction } from '../../../../local/functions-host/app/core-module.ts'
import { indexFunctions } from '../../../../local/functions-host/app/index-functions.ts'
import type { HostConfig } from '../../../../local/functions-host/config/host-json.ts'
import { RECORDED } from '../support/recorded.ts'

const CONFIG: HostConfig = {
  routePrefix: 'api',
  customHeaders: [],
  maxConcurrentRequests: -1,
  maxOutstandingRequests: -1,
  functionTimeoutMs: undefined,
  logLevels: {},
  functions: undefined,
}

function register(name: string, trigger: Record<string, unknown> = {}): RegisteredFunction {
  const binding = { type: 'httpTrigger', direction: 'in', authLevel: 'anonymous', methods: ['GET'], ...trigger }
  const bindings = { trigger: binding, $return: { type: 'http', direction: 'out' } }
  return { metadata: { name, bindings }, callback: () => undefined, scriptFile: 'index.ts' }
}

const index = (functions: RegisteredFunction[], config: Partial<HostConfig> = {}, env: Record<string, string> = {}) =>
  indexFunctions(functions, { config: { ...CONFIG, ...config }, env })

/** Each takes the whole real host down: every route answers 503. */
const HOST_ERRORS: Record<string, RegisteredFunction> = {
  'leading slash in route': register('bad', { route: '/lead' }),
  'unclosed brace': register('bad', { route: 'a/{x' }),
  'unknown constraint': register('bad', { route: 'a/{x:nope}' }),
  'catch-all in the middle': register('bad', { route: 'a/{*x}/b' }),
  'duplicate parameter': register('bad', { route: 'a/{x}/{x}' }),
  '? in a literal': register('bad', { route: 'a?b' }),
  'two names that differ only in case': register('GOOD', { route: 'other' }),
}

describe('what takes the whole host down', () => {
  test('is what was measured', () => {
    const answer = RECORDED.experiments.find(({ name }) => name.startsWith('bad registrations'))?.answer
    const listed = Object.entries(answer as Record<string, string[]>).find(([title]) =>
      title.startsWith('whole host'),
    )?.[1]
    expect(Object.keys(HOST_ERRORS)).toEqual(listed)
  })

  test.each(Object.entries(HOST_ERRORS))('%s', (_title, bad) => {
    expect(index([register('good'), bad]).hostErrors).toHaveLength(1)
    expect(index([register('good'), bad], { routePrefix: '' }).hostErrors).toHaveLength(1)
  })
})

describe('functions', () => {
  test('are tried in the order of their names, without case', () => {
    const names = index(['b', 'C', 'a_', 'aB', 'Aa'].map((name) => register(name))).http.map(({ name }) => name)
    expect(names).toEqual(['Aa', 'aB', 'a_', 'b', 'C'])
  })

  test('have the prefix before their route, or their name as the route', () => {
    const routes = (prefix: string) =>
      index([register('one'), register('two', { route: 'x/{y}' })], { routePrefix: prefix }).http.map(
        ({ template }) => template.text,
      )
    expect(routes('api')).toEqual(['api/one', 'api/x/{y}'])
    expect(routes('')).toEqual(['one', 'x/{y}'])
  })

  test('share a route when their methods differ, else the later name is in error', () => {
    const { http, failed } = index([
      register('c', { route: 'X/', methods: ['PUT', 'get'] }),
      register('b', { route: 'x', methods: ['POST'] }),
      register('a', { route: 'x', methods: ['GET'] }),
    ])
    expect(http.map(({ name }) => name)).toEqual(['a', 'b'])
    expect(failed).toMatchObject([{ name: 'c', kind: 'http', error: expect.stringContaining("function 'a'") }])
  })

  test('without methods match nothing and conflict with everything', () => {
    expect(index([register('a', { route: 'x', methods: [] }), register('b', { route: 'x' })]).failed).toHaveLength(1)
  })

  test('need a function key when they name no level, as the host has it', () => {
    const { http } = index([register('a', { authLevel: undefined }), register('b', { authLevel: 'Admin' })])
    expect(http.map(({ authLevel }) => authLevel)).toEqual(['function', 'admin'])
  })

  test('are disabled by a setting', () => {
    expect(index([register('a')], {}, { 'AzureWebJobs.a.Disabled': '1' }).http[0]?.disabled).toBe(true)
  })
})
