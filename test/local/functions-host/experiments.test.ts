import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { appFolder } from './support/app-folder.ts'
import { appFiles } from './support/apps.ts'
import { type HostChild, startChild } from './support/child.ts'
import { PROBE } from './support/probe-options.ts'
import { DEVIATIONS, RECORDED } from './support/recorded.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

type Options = Partial<Parameters<typeof startChild>[0]>

async function probe({ env, ...options }: Options = {}): Promise<HostChild> {
  const child = await startChild({ ...PROBE, ...options, env: { ...PROBE.env, ...env } })
  cleanUps.push(() => child.stop())
  return child
}

const replayed: Record<string, (name: string) => Promise<void>> = {
  '429': async () => {
    const http = 'AzureFunctionsJobHost__extensions__http__'
    const { url } = await probe({
      env: { [`${http}maxConcurrentRequests`]: '2', [`${http}maxOutstandingRequests`]: '5' },
    })
    const running = Array.from({ length: 9 }, () => fetch(`${url}/api/conc?ms=1000`))
    const refused = await Promise.any(running)
    expect([
      refused.status,
      refused.headers.get('x-functions-scaleout'),
      refused.headers.get('content-length'),
    ]).toEqual([429, null, '0'])
    expect(refused.headers.get('x-function-scaleout')).toBe('1')
    expect(refused.headers.has('x-content-type-options')).toBe(false)
    expect((await fetch(`${url}/api/nope`)).status).toBe(429)
    expect((await fetch(`${url}/admin/host/ping`)).status).toBe(200)
    const answers = await Promise.all(running)
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 429, 429, 429, 429])
    const peaks = await Promise.all(answers.filter(({ status }) => status === 200).map((answer) => answer.text()))
    expect(Math.max(...peaks.map(Number))).toBe(2)
  },

  'key case': async () => {
    const { url } = await probe()
    const statusOf = async (path: string, key: string) => (await fetch(`${url}${path}?code=${key}`)).status
    for (const [path, keys] of Object.entries({ '/api/fnonly': ['FK', 'fk', 'Fk'], '/api/adm': ['MK', 'mk', 'Mk'] })) {
      const statuses: number[] = []
      for (const key of keys) statuses.push(await statusOf(path, key))
      expect(statuses).toEqual([401, 200, 200])
    }
  },

  'SIGTERM in flight 3 s': async () => {
    const child = await probe()
    const inFlight = fetch(`${child.url}/api/slow?ms=1500`)
    // Sent later and answered: the first one has arrived.
    await fetch(`${child.url}/api/hello`)
    child.process.kill('SIGTERM')
    await refusedSoon(child.port)
    expect(await (await inFlight).text()).toBe('slow done')
    expect(await child.exited).toBe(0)
    expect(child.lines).toContain('PROBE appTerminate hook ran')
  },

  'SIGTERM idle': async () => {
    const child = await probe()
    expect(await child.stop()).toBe(0)
  },

  'SIGTERM while a timer call runs': async () => {
    const child = await slowTimerApp('1000', '0')
    await child.line(/timer started/)
    expect(await child.stop()).toBe(0)
    const printed = child.lines.filter((line) => /^(timer|terminate)/.test(line))
    expect(printed).toEqual(['timer started', 'timer ended', 'terminate started', 'terminate ended'])
  },

  'SIGTERM, appTerminate hook of 8 s': async () => {
    const child = await slowTimerApp('0', '8000', { terminateMs: 300 })
    await child.line(/timer ended/)
    expect(await child.stop()).toBe(0)
    expect(child.lines).toContain('terminate started')
    expect(child.lines).not.toContain('terminate ended')
  },

  'timer past due (raw)': async () => {
    const stateDir = await mkdtemp(join(tmpdir(), 'timers-'))
    cleanUps.push(() => rm(stateDir, { recursive: true }))
    await mkdir(join(stateDir, 'timers'))
    const last = Math.floor(Date.now() / 60_000) * 60_000 - 300_000
    const spell = (time: number) => new Date(time).toISOString().replace('.000Z', '+00:00')
    const status = { Last: spell(last), Next: spell(last + 60_000), LastUpdated: spell(last) }
    await writeFile(join(stateDir, 'timers', 'minutely.json'), JSON.stringify(status))
    const child = await probe({ stateDir })
    const scheduleStatus = { last: status.Last, next: status.Next, lastUpdated: status.LastUpdated }
    const value = { schedule: { adjustForDST: true }, scheduleStatus, isPastDue: true }
    expect(await child.line(/minutely \{.*"isPastDue":true/)).toContain(JSON.stringify(value))
  },

  retryContext: async () => {
    const child = await probe()
    const run = { method: 'POST', headers: { 'x-functions-key': 'mk', 'content-type': 'application/json' }, body: '{}' }
    expect((await fetch(`${child.url}/admin/functions/flaky`, run)).status).toBe(202)
    expect(await child.line(/flaky attempt \{"retryCount":0,"maxRetryCount":2\}$/)).toContain('Function.flaky.User')
    await child.line(/flaky attempt \{"retryCount":1,"maxRetryCount":2,"exception":\{.*"message":"flaky 1"/)
    await child.line(/Executed 'Functions.flaky' \(Succeeded\)/)
  },

  misc: async () => {
    const { url } = await probe({
      env: {
        AzureFunctionsJobHost__extensions__http__routePrefix: '',
        AzureWebJobsDisableHomepage: 'true',
        FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '1000',
      },
    })
    const statusOf = async (path: string, init?: RequestInit) => (await fetch(url + path, init)).status
    expect([await statusOf('/hello'), await statusOf('/api/hello'), await statusOf('/')]).toEqual([200, 404, 204])
    const post = (length: number) => ({ method: 'POST', body: 'x'.repeat(length) })
    expect([await statusOf('/upload', post(1000)), await statusOf('/upload', post(1001))]).toEqual([200, 500])
    const forwarded = await fetch(`${url}/hello`, { headers: { 'x-forwarded-proto': 'https' } })
    expect(forwarded.headers.has('strict-transport-security')).toBe(false)
  },
}

/** In start.test.ts and app/index-functions.test.ts. */
const ELSEWHERE = ['bad registrations, each alone beside a good function']

for (const [name, replay] of Object.entries(replayed)) test(`measured: ${name}`, () => replay(name))

test('every experiment is replayed or listed with its reason', () => {
  const listed = DEVIATIONS.experiments.flatMap(({ cases }) => cases)
  expect([...Object.keys(replayed), ...ELSEWHERE, ...listed].sort()).toEqual(
    RECORDED.experiments.map(({ name }) => name).sort(),
  )
})

// Kept deviation "functionTimeout": the 500 comes at the limit, other calls in flight are not disturbed.
test('500 at functionTimeout; another call in flight is answered', async () => {
  const child = await probe({ env: { AzureFunctionsJobHost__functionTimeout: '00:00:01' } })
  const [late, quick] = await Promise.all([fetch(`${child.url}/api/never`), fetch(`${child.url}/api/slow?ms=500`)])
  expect([late.status, await late.text(), quick.status]).toEqual([500, '', 200])
  await child.line(/Function.never: .*timed out/)
})

// Kept deviation "SIGTERM in flight 100 s": the limit is 10 s by default, here less.
test('a reset for requests that outlast the drain time, exit code 0', async () => {
  const child = await probe({ drainMs: 300 })
  const inFlight = fetch(`${child.url}/api/never`).then(
    () => 'answered',
    () => 'reset',
  )
  await fetch(`${child.url}/api/hello`)
  expect(await child.stop()).toBe(0)
  expect(await inFlight).toBe('reset')
})

/** Resolves once nobody listens any more; new connections are refused at once, so it takes only the signal's delivery. */
async function refusedSoon(port: number): Promise<void> {
  for (;;) {
    const refused = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy()
        resolve(false)
      })
      socket.on('error', () => resolve(true))
    })
    if (refused) return
  }
}

async function slowTimerApp(timerMs: string, terminateMs: string, options: Options = {}): Promise<HostChild> {
  const source = `
    const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, Number(ms)))
    const slowly = async (what, ms) => { console.log(what + ' started'); await sleep(ms); console.log(what + ' ended') }
    app.timer('slow', { schedule: '0 0 0 1 1 *', runOnStartup: true, handler: () => slowly('timer', process.env.TIMER_MS) })
    app.hook.appTerminate(() => slowly('terminate', process.env.TERMINATE_MS))
  `
  const folder = appFolder(appFiles(source))
  const child = await startChild({
    ...options,
    appRoot: folder.path,
    env: { TIMER_MS: timerMs, TERMINATE_MS: terminateMs },
  })
  cleanUps.push(folder.remove, () => child.stop())
  return child
}
