import { execFileSync } from 'node:child_process'
import { createHmac, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { repositoryRoot } from '../../../../local/repository-root.ts'
import { childEnvironment } from '../../../support/child-environment.ts'
import { httpsCall } from '../../../support/https-call.ts'
import { rig } from '../../../support/rig.ts'

const local = rig()
const { account, agent, createStorage, stateDir } = local
beforeAll(createStorage)

const keys = JSON.parse(readFileSync(join(stateDir, 'azurite', 'account-keys.json'), 'utf8')) as Record<string, string>

/** Lists the tables; `lite` signs date and resource alone (learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key). */
async function list(how: { token: string } | { key: string; lite: boolean }) {
  const date = new Date().toUTCString()
  const signed = (key: string, lite: boolean) => {
    const text = `${lite ? '' : 'GET\n\n\n'}${date}\n/${account}/Tables`
    const signature = createHmac('sha256', Buffer.from(key, 'base64')).update(text).digest('base64')
    return `SharedKey${lite ? 'Lite' : ''} ${account}:${signature}`
  }
  const authorization = 'token' in how ? how.token : signed(how.key, how.lite)
  const headers = {
    authorization,
    'x-ms-date': date,
    'x-ms-version': '2020-12-06',
    dataserviceversion: '3.0',
    accept: 'application/json',
  }
  return (await httpsCall(`https://${account}.table.core.windows.net/Tables`, { agent, headers })).status
}

const own = { key: keys[account] ?? '' }
const storage = () => local.operatorToken('https://storage.azure.com')

it('200: a token, and either kind of shared key as before', async () => {
  expect(await list({ token: `Bearer ${await storage()}` })).toBe(200)
  expect(await list({ ...own, lite: false })).toBe(200)
  expect(await list({ ...own, lite: true })).toBe(200)
})

it('refused: a token of another resource, what is no token, a shared key under the name of a token', async () => {
  const vault = await local.operatorToken('https://vault.azure.net')
  for (const token of [`Bearer ${vault}`, 'Bearer x.y.z', 'Bearer ', `Bearer ${own.key}`]) {
    expect(await list({ token }), token.slice(0, 12)).toBeGreaterThanOrEqual(400)
  }
})

it('refused: another key, of either kind', async () => {
  const other = { key: randomBytes(64).toString('base64') }
  for (const lite of [false, true]) expect(await list({ ...other, lite })).toBeGreaterThanOrEqual(400)
})

/** By Node itself: vitest hands out packages of Azurite's kind in another shape. */
const ASKS = `
  const { takeBearerAtOnce } = await import('./local/servers/azurite/bearer-at-once.ts')
  if (process.argv[1] === 'patched') await takeBearerAtOnce()
  const { default: loaded } = await import('azurite/dist/src/table/authentication/TableSharedKeyAuthenticator.js')
  const logger = { info() {} }
  const dataStore = { getAccount: () => process.stdout.write('looked at its keys') && { key1: '' } }
  const request = { getHeader: () => 'Bearer x', getMethod: () => 'GET', getQuery() {}, getUrl: () => '/', getPath: () => '/' }
  await new loaded.default(dataStore, logger).validate(request, { context: {} }).catch(() => undefined)
`
const asked = (...args: string[]) =>
  execFileSync(process.execPath, ['--input-type=module', '-e', ASKS, ...args], {
    cwd: repositoryRoot,
    env: childEnvironment({}),
    encoding: 'utf8',
  })

it('looks at no key for a request that carries a token; by itself Azurite does', () => {
  expect(asked('patched')).toBe('')
  expect(asked()).toContain('looked at its keys')
})
