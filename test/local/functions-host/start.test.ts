import { createServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { appFolder } from './support/app-folder.ts'
import { appFiles, FUNCTION_ERRORS, GOOD, LOAD_ERRORS } from './support/apps.ts'
import { type HostChild, startChild } from './support/child.ts'
import { RECORDED } from './support/recorded.ts'

type Started = { child: HostChild; get(path: string): Promise<[status: number, body: string]> }

const BROKEN_ROUTE = `app.http('bad', { route: 'a/{x', handler: async () => ({}) })\n`

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function start(
  files: Record<string, unknown>,
  options: Partial<Parameters<typeof startChild>[0]> = {},
): Promise<Started> {
  const folder = appFolder(files)
  const child = await startChild({ appRoot: folder.path, ...options })
  cleanUps.push(folder.remove, () => child.stop())
  const get = async (path: string): Promise<[number, string]> => {
    const answer = await fetch(child.url + path)
    return [answer.status, await answer.text()]
  }
  return { child, get }
}

describe('refuses to start and says why', () => {
  test.each([
    ['zero functions', appFiles('console.log(typeof app)\n'), 'registered no functions'],
    ['an entry that throws', appFiles("throw new Error('kaboom at load')\n"), 'kaboom at load'],
    ['an entry that is missing', { ...appFiles(GOOD), 'package.json': { main: 'dist/index.js' } }, 'was it built?'],
    ['a package.json without main', { ...appFiles(GOOD), 'package.json': {} }, 'has no main'],
    ['no host.json', { 'package.json': { main: 'index.ts' }, 'index.ts': GOOD }, 'no host.json'],
    ['a broken route', appFiles(GOOD + BROKEN_ROUTE), 'no matching }'],
  ])('%s', async (_title, files, reason) => {
    const { child } = await start(files)
    expect(child.failed).toContain(reason)
    expect(await child.exited).toBe(1)
  })

  test('EADDRINUSE: the port is taken, for the caller to handle', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    cleanUps.push(() => other.close())
    const { child } = await start(appFiles(GOOD), { port: (other.address() as { port: number }).port })
    expect(child.code).toBe('EADDRINUSE')
  })
})

describe('starts', () => {
  test('a CommonJS bundle and an ES module alike', async () => {
    const commonjs = await start({ ...appFiles(GOOD, 'index.cjs'), 'package.json': { main: 'index.cjs' } })
    expect(await commonjs.get('/api/good')).toEqual([200, 'good'])
    const asModule = { ...appFiles(GOOD, 'index.cjs'), 'package.json': { type: 'module', main: 'index.cjs' } }
    expect(await (await start(asModule)).get('/api/good')).toEqual([200, 'good'])
    const named = await start({ ...appFiles(GOOD), 'package.json': { type: 'module' } }, { entry: 'index.ts' })
    expect(await named.get('/api/good')).toEqual([200, 'good'])
  })

  test('with the functions of host.json alone, when it lists them', async () => {
    const files = {
      ...appFiles(GOOD + FUNCTION_ERRORS['bad cron']),
      'host.json': { version: '2.0', functions: ['GOOD'] },
    }
    expect((await start(files)).child.functions).toEqual([{ name: 'good', kind: 'http', route: 'api/good' }])
  })

  test('with settings of local.settings.json, over which the environment wins', async () => {
    const source = `app.http('env', { authLevel: 'anonymous', handler: async () => ({ jsonBody: [process.env.A, process.env.B, process.env.C,
      process.env.AZURE_FUNCTIONS_ENVIRONMENT, process.env.WEBSITE_HOSTNAME] }) })\n`
    const settings = { Values: { A: 'file', B: 'file', C: 'file' } }
    const folder = appFolder({ ...appFiles(source), 'local.settings.json': settings })
    const child = await startChild({ appRoot: folder.path, env: { C: 'option' } }, { B: 'environment' })
    cleanUps.push(folder.remove, () => child.stop())
    const answer = await (await fetch(`${child.url}/api/env`)).json()
    expect(answer).toEqual(['file', 'environment', 'option', 'Development', `127.0.0.1:${child.port}`])
  })
})

// The experiment "bad registrations, each alone beside a good function" of host-answers.json; routes that take the whole
// host down are in app/index-functions.test.ts.
describe('bad registrations, as the real host takes them', () => {
  const recorded = RECORDED.experiments.find(({ name }) => name.startsWith('bad registrations'))?.answer
  const lists = Object.entries(recorded as Record<string, string[]>)
  const listed = (start: string) => lists.find(([title]) => title.startsWith(start))?.[1]

  test('503 on every route: a broken one', async () => {
    const { child, get } = await start(appFiles(GOOD + BROKEN_ROUTE), { lenient: true })
    expect(await get('/api/good')).toEqual([503, 'Function host is not running.'])
    expect(await get('/api/nope')).toEqual([503, 'Function host is not running.'])
    expect(JSON.parse((await get('/admin/host/status'))[1])).toMatchObject({ state: 'Error', errors: child.errors })
    expect(child.errors).toHaveLength(1)
  })

  test.each(Object.entries(LOAD_ERRORS))('404 on every route: %s', async (title, source) => {
    const { child, get } = await start(appFiles(GOOD + source), { lenient: true })
    expect(listed('0 functions')).toContain(title)
    expect(await get('/api/good')).toEqual([404, ''])
    expect(JSON.parse((await get('/admin/host/status'))[1])).toMatchObject({ state: 'Running' })
    expect(child.functions).toEqual([])
  })

  test('only the functions that are in error do not run', async () => {
    expect(Object.keys(FUNCTION_ERRORS)).toEqual(listed('only that function'))
    const { child, get } = await start(appFiles(GOOD + Object.values(FUNCTION_ERRORS).join('')))
    expect(await get('/api/good')).toEqual([200, 'good'])
    const { length } = Object.values(FUNCTION_ERRORS).join('').match(/app\./g) ?? []
    expect(child.functions.filter(({ error }) => error !== undefined)).toHaveLength(length ?? 0)
    for (const { name, error } of child.functions) {
      const status = JSON.parse((await get(`/admin/functions/${encodeURIComponent(name)}/status`))[1])
      expect(status, name).toEqual(error === undefined ? {} : { errors: [error] })
    }
  })
})
