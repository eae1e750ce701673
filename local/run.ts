import { removeEndpoints, writeEndpoints } from './endpoints-file.ts'
import { freePort } from './free-port.ts'
import { readOptions } from './run-options.ts'
import { seedState } from './seed/seed-state.ts'
import { REPORTS_ACCOUNT } from './servers/environment.ts'
import { startServers } from './servers/start-servers.ts'
import { stopSignal } from './stop-signal.ts'
import { whatToTry } from './what-to-try.ts'

/** The data storage account of a local run. */
const ACCOUNT = 'sallyportdev'

/** Nobody who tries a rotation wants to wait for a minute; who says otherwise is heard. */
const EVERY_TWO_SECONDS = '*/2 * * * * *'
const schedules = ({ SALLYPORT_ROTATE_SCHEDULE: rotate, SALLYPORT_SEAL_SCHEDULE: seal } = process.env) => ({
  SALLYPORT_ROTATE_SCHEDULE: rotate ?? EVERY_TWO_SECONDS,
  SALLYPORT_SEAL_SCHEDULE: seal ?? EVERY_TWO_SECONDS,
})

/** Whom the gateway may call: a receiver of this machine (`npm run receiver`), say. */
const callbackHosts = ({ SALLYPORT_CALLBACK_HOSTS: hosts } = process.env) =>
  hosts === undefined ? {} : { SALLYPORT_CALLBACK_HOSTS: hosts }

export type App = { port: number; stateDir: string; environment: Record<string, string> }

/** Something that hosts functions/index.ts; `pid` of the process it runs in. */
export type AppHost = { pid: number; stop(): Promise<void> }

const say = (line: string) => process.stdout.write(`${line}\n`)

/** Local servers, seed, then the app in the given host, until a signal; everything is stopped in order, whatever failed. */
export async function run(startApp: (app: App) => Promise<AppHost>): Promise<never> {
  try {
    await untilStopped(startApp)
    say('stopped; the state is kept')
    process.exit(0)
  } catch (error) {
    process.stderr.write(`sallyport: ${error instanceof Error ? error.message : error}\n`)
    process.exit(1)
  }
}

async function untilStopped(startApp: (app: App) => Promise<AppHost>): Promise<void> {
  const { port: wantedPort, stateDir } = readOptions()
  const stopping = stopSignal()
  say(`state folder ${stateDir}`)
  const accounts = [ACCOUNT, REPORTS_ACCOUNT]
  const servers = await startServers({ stateDir, accounts, postgres: true, log: (line) => say(`  ${line}`) })
  const undo: (() => Promise<void>)[] = [servers.stop]
  try {
    const port = await freePort(wantedPort)
    if (wantedPort !== 0 && port !== wantedPort) say(`port ${wantedPort} is taken: using ${port}`)
    const gateway = `http://127.0.0.1:${port}`
    const { stop: _stop, environment: environmentOf, identityEndpoint: _msi, ...addresses } = servers
    const environment = environmentOf({ account: ACCOUNT, issuer: gateway })
    for (const line of await seedState({ stateDir, account: ACCOUNT, environment, ...addresses })) say(`  ${line}`)
    const settings = { ...environment, ...schedules(), ...callbackHosts() }
    const host = await startApp({ port, stateDir, environment: settings })
    undo.unshift(host.stop)
    if (!(await healthy(gateway))) say('  the gateway is not healthy yet: the log lines say why')
    undo.unshift(async () => removeEndpoints(stateDir))
    writeEndpoints(stateDir, { pid: host.pid, gateway, ...addresses })
    say(whatToTry({ gateway, stateDir }))
    say(`\nstopping (${await stopping})`)
  } finally {
    for (const step of undo) await step()
  }
}

const HEALTH_TRIES = 120
const HEALTH_PAUSE_MS = 250

/** Ready means that the next request is served: keys made, policies read, journal open. Slow machines take their time. */
async function healthy(gateway: string): Promise<boolean> {
  for (let tries = 0; tries < HEALTH_TRIES; tries++) {
    const answer = await fetch(`${gateway}/healthz`).catch(() => undefined)
    const health = (await answer?.json().catch(() => undefined)) as { checks?: { journal?: string } } | undefined
    if (answer?.status === 200 && health?.checks?.journal === 'ok') return true
    await new Promise((turn) => setTimeout(turn, HEALTH_PAUSE_MS))
  }
  return false
}
