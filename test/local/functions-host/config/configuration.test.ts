import { afterEach, describe, expect, test } from 'vitest'
import { isDisabled, resolveSetting } from '../../../../local/functions-host/config/environment.ts'
import { readHostConfig } from '../../../../local/functions-host/config/host-json.ts'
import { readLocalSettings } from '../../../../local/functions-host/config/local-settings.ts'
import { parseTimeSpan } from '../../../../local/functions-host/config/time-span.ts'
import { StartError } from '../../../../local/functions-host/start-error.ts'
import { appFolder } from '../support/app-folder.ts'

const folders: { remove(): void }[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) folder.remove()
})

function folder(files: Record<string, unknown>): string {
  const made = appFolder(files)
  folders.push(made)
  return made.path
}

const hostConfig = (json: unknown, env: Record<string, string> = {}) =>
  readHostConfig(folder({ 'host.json': json }), env)

describe('host.json', () => {
  test('has the defaults of the host', () => {
    expect(hostConfig({ version: '2.0' })).toEqual({
      routePrefix: 'api',
      customHeaders: [],
      maxConcurrentRequests: -1,
      maxOutstandingRequests: -1,
      functionTimeoutMs: 1_800_000,
      logLevels: {},
      functions: undefined,
    })
  })

  test('reads what it holds', () => {
    const http = {
      routePrefix: '/v1/',
      maxConcurrentRequests: 2,
      maxOutstandingRequests: 5,
      customHeaders: { 'X-A': '1' },
    }
    const json = {
      version: '2.0',
      extensions: { http },
      functionTimeout: '-1',
      functions: ['one'],
      logging: { logLevel: { default: 'Information', 'Function.tick': 'Debug' } },
    }
    expect(hostConfig(json)).toEqual({
      routePrefix: 'v1',
      customHeaders: [['X-A', '1']],
      maxConcurrentRequests: 2,
      maxOutstandingRequests: 5,
      functionTimeoutMs: undefined,
      logLevels: { default: 'information', 'Function.tick': 'debug' },
      functions: ['one'],
    })
  })

  test('settings win over it, whatever their case and separator', () => {
    const env = {
      AzureFunctionsJobHost__extensions__http__routePrefix: '',
      'AzureFunctionsJobHost:Extensions:Http:MaxConcurrentRequests': '7',
      AZUREFUNCTIONSJOBHOST__FUNCTIONTIMEOUT: '00:00:03',
      AzureFunctionsJobHost__functions__0: 'only',
    }
    expect(
      hostConfig({ version: '2.0', extensions: { http: { routePrefix: 'api' } }, functions: ['a'] }, env),
    ).toMatchObject({
      routePrefix: '',
      maxConcurrentRequests: 7,
      functionTimeoutMs: 3000,
      functions: ['only'],
    })
  })

  test.each([
    ['no JSON', '{'],
    ['no object', '[]'],
    ['no version', {}],
    ['version 1', { version: '1.0' }],
    ['a limit that is none', { version: '2.0', extensions: { http: { maxConcurrentRequests: 0 } } }],
    ['a custom header that is none', { version: '2.0', extensions: { http: { customHeaders: { 'X-A': 'a\nb' } } } }],
    ['a timeout that is none', { version: '2.0', functionTimeout: 'soon' }],
    ['a level that is none', { version: '2.0', logging: { logLevel: { default: 'Chatty' } } }],
  ])('refuses %s', (_title, json) => {
    expect(() => hostConfig(json)).toThrow(StartError)
  })

  test('refuses a folder without it', () => {
    expect(() => readHostConfig(folder({}), {})).toThrow('there is no host.json')
  })
})

describe('local.settings.json', () => {
  const read = (json: unknown) => readLocalSettings(folder({ 'local.settings.json': json }))

  test('may be missing', () => {
    expect(readLocalSettings(folder({}))).toEqual({
      values: {},
      port: undefined,
      corsOrigins: [],
      corsCredentials: false,
    })
  })

  test('reads values, port and CORS', () => {
    const json = {
      Values: { A: 'x', N: 5, B: true },
      Host: { LocalHttpPort: 7072, CORS: 'http://a, http://b', CORSCredentials: true },
    }
    expect(read(json)).toEqual({
      values: { A: 'x', N: '5', B: 'true' },
      port: 7072,
      corsOrigins: ['http://a', 'http://b'],
      corsCredentials: true,
    })
  })

  test('refuses an encrypted or nested one, without quoting it', () => {
    expect(() => read({ IsEncrypted: true })).toThrow('encrypted')
    expect(() => read({ Values: { A: { B: 'secret' } } })).toThrow(/^local\.settings\.json: the setting A must be text/)
    expect(() => read('{"Values": secret')).toThrow(/is not a JSON object$/)
  })
})

test('%NAME% stands for a setting, as the whole text only', () => {
  expect(resolveSetting('%A%', { A: '0 * * * * *' })).toBe('0 * * * * *')
  expect(resolveSetting('%A%', {})).toBeUndefined()
  expect(resolveSetting('0 %A% * * * *', {})).toBe('0 %A% * * * *')
})

test('a function is disabled by a setting with ., _ or __', () => {
  expect(isDisabled('fn', { 'AzureWebJobs.fn.Disabled': 'true' })).toBe(true)
  expect(isDisabled('fn', { AzureWebJobs_fn_Disabled: '1' })).toBe(true)
  expect(isDisabled('fn', { AzureWebJobs__fn__Disabled: 'True' })).toBe(true)
  expect(isDisabled('fn', { 'AzureWebJobs.fn.Disabled': 'false', 'AzureWebJobs.other.Disabled': 'true' })).toBe(false)
})

test.each([
  ['00:00:30', 30_000],
  ['00:05', 300_000],
  ['01:02:03.5', 3_723_500],
  ['1.00:00:00', 86_400_000],
  ['1:02:03:04', 93_784_000],
  ['5', 432_000_000],
  ['24:00:00', 24 * 86_400_000],
  ['-00:00:01', -1000],
  ['00:60:00', undefined],
  ['1.24:00:00', undefined],
  ['5.5', undefined],
  ['soon', undefined],
  ['', undefined],
])('the time span %j is %s ms, as .NET reads it', (text, ms) => {
  expect(parseTimeSpan(text)).toBe(ms)
})
