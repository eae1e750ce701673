import { mkdirSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { removeEndpoints, writeEndpoints } from './endpoints-file.ts'
import { freePort } from './free-port.ts'
import { startHost } from './functions-host/start-host.ts'
import { repositoryRoot } from './repository-root.ts'
import { seedState } from './seed/seed-state.ts'
import { startServers } from './servers/start-servers.ts'
import { whatToTry } from './what-to-try.ts'

/** The data storage account of a local run. */
const ACCOUNT = 'sallyportdev'

const say = (line: string) => process.stdout.write(`${line}\n`)

/** `npm start`: local servers, seed, then the very functions/index.ts that Azure runs, until Ctrl-C. */
async function main(): Promise<void> {
  const { port: wantedPort, stateDir } = readOptions()
  const stopping = stopSignal()
  say(`state folder ${stateDir}`)
  const servers = await startServers({ stateDir, accounts: [ACCOUNT], log: (line) => say(`  ${line}`) })
  const undo: (() => Promise<void>)[] = [servers.stop]
  try {
    const port = await freePort(wantedPort)
    if (wantedPort !== 0 && port !== wantedPort) say(`port ${wantedPort} is taken: using ${port}`)
    const gateway = `http://127.0.0.1:${port}`
    const { identity, vaults, table, blob, queue, ca, processes } = servers
    const environment = servers.environment({ account: ACCOUNT, issuer: gateway })
    for (const line of await seedState({ stateDir, account: ACCOUNT, environment, identity, ca })) say(`  ${line}`)
    const app = { appRoot: repositoryRoot, entry: 'functions/index.ts', env: environment }
    const host = await startHost({ ...app, port, stateDir, frontEnd: true })
    undo.unshift(host.stop)
    await healthy(gateway)
    undo.unshift(async () => removeEndpoints(stateDir))
    writeEndpoints(stateDir, { pid: process.pid, gateway, identity, vaults, table, blob, queue, ca, processes })
    say(whatToTry({ gateway, stateDir }))
    say(`\nstopping (${await stopping})`)
  } finally {
    for (const step of undo) await step()
  }
  say('stopped; the state is kept')
}

/** Ready means that the next request is served: keys made, policies read, journal open. Slow machines take their time. */
async function healthy(gateway: string): Promise<void> {
  for (let tries = 0; tries < 120; tries++) {
    const answer = await fetch(`${gateway}/healthz`).catch(() => undefined)
    const health = (await answer?.json()) as { checks?: { journal?: string } } | undefined
    if (answer?.status === 200 && health?.checks?.journal === 'ok') return
    await new Promise((turn) => setTimeout(turn, 250))
  }
  say('  the gateway is not healthy yet: the log lines say why')
}

function readOptions(): { port: number; stateDir: string } {
  const { values } = parseArgs({
    options: { port: { type: 'string', default: '7071' }, state: { type: 'string' }, fresh: { type: 'boolean' } },
  })
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error('--port: a number up to 65535, 0 for any')
  const stateDir = resolve(values.state ?? process.env['SALLYPORT_STATE'] ?? '.sallyport')
  if (values.fresh) rmSync(stateDir, { recursive: true, force: true })
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  return { port, stateDir }
}

/** Ctrl-C, `kill`, or the death of the launcher (`kill -9` of npm): each stops everything in order, once. */
function stopSignal(): Promise<string> {
  const launcher = process.ppid
  return new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => done(signal))
    setInterval(() => process.ppid !== launcher && done('the launcher is gone'), 500).unref()
  })
}

try {
  await main()
  process.exit(0)
} catch (error) {
  process.stderr.write(`sallyport: ${error instanceof Error ? error.message : error}\n`)
  process.exit(1)
}
