import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../free-port.ts'
import { readJsonFile, writeAtomically } from '../atomic-file.ts'
import { ensureCertificates } from '../certificates.ts'
import { holdLock, SHUTDOWN_MS } from '../lock.ts'
import { type Flags, runServerProcess, type Started } from '../process.ts'
import { takeBearerAtOnce } from './bearer-at-once.ts'
import { signCorrelationIds } from './correlation-ids.ts'
import { readProductStyleBatches } from './product-style-batches.ts'

const SERVICES = ['Blob', 'Queue', 'Table'] as const
const POLL_MS = 10
const CLOSE_LIMIT_MS = 50_000

await runServerProcess({
  name: 'azurite',
  flags: {
    'table-port': { type: 'string', default: '0' },
    'blob-port': { type: 'string', default: '0' },
    'queue-port': { type: 'string', default: '0' },
    state: { type: 'string', default: '.sallyport' },
    /** Comma-separated names of storage accounts. */
    accounts: { type: 'string', default: 'sallyportdev' },
    memory: { type: 'boolean', default: false },
  },
  start,
})

/**
 * Runs Azurite's own entry (table, blob and queue) inside this process, over https with OAuth. What it adds: random
 * account keys, and an end in order. Azurite writes its tables every 5 s and when it closes, so whatever ends this
 * process in order must close it: SIGINT, SIGTERM, the parent's death.
 */
async function start(flags: Flags): Promise<Started> {
  const stateDir = String(flags['state'])
  const folder = join(stateDir, 'azurite')
  process.umask(0o077)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const lock = await holdLock(join(folder, 'lock'), { what: `Azurite's folder ${folder}`, waitMs: SHUTDOWN_MS })
  const { cert, key } = await ensureCertificates(stateDir, () => Date.now())
  process.env['AZURITE_ACCOUNTS'] = await accountKeys(String(flags['accounts']).split(','), folder)
  process.argv = [
    process.execPath,
    'azurite',
    ...['--oauth', 'basic', '--cert', cert, '--key', key],
    ...['--disableTelemetry', '--skipApiVersionCheck', '--silent'],
    ...(flags['memory'] ? ['--inMemoryPersistence'] : ['--location', folder]),
    ...(await portArguments(flags)),
  ]
  await takeBearerAtOnce()
  await readProductStyleBatches()
  await signCorrelationIds()
  const said = listenToAzurite()
  // @ts-expect-error the package has no types and no main; its CLI entry is all it offers
  await import('azurite/dist/src/azurite.js')
  const ports = await said.started
  await said.listensForShutdown
  // Its own signal handlers would close a second time, which fails half-way through the first.
  for (const signal of ['SIGINT', 'SIGTERM']) process.removeAllListeners(signal)
  return {
    ports,
    close: async () => {
      // Azurite's handler of this message closes all three services; `exit` must wait until they have saved.
      process.emit('message', 'shutdown', undefined)
      await said.closed
      await filesWritten()
      await lock.release()
    },
  }
}

/**
 * A save that was running when the close began is not waited for by the close: Azurite's database counts its rows as
 * saved from the start of the writing. Ending the process then would lose them.
 */
async function filesWritten(): Promise<void> {
  while (process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq'))) await sleep(POLL_MS)
}

type Said = { started: Promise<Record<string, number>>; listensForShutdown: Promise<void>; closed: Promise<void> }

/** Azurite tells its ports and that it has saved only on the console. */
function listenToAzurite(): Said {
  const started = Promise.withResolvers<Record<string, number>>()
  const listensForShutdown = Promise.withResolvers<void>()
  const closed = Promise.withResolvers<void>()
  const ports: Record<string, number> = {}
  const open = new Set<string>(SERVICES)
  const write = console.log.bind(console)
  console.log = (...parts: unknown[]) => {
    write(...parts)
    const line = parts.join(' ')
    const [, service = '', port] = /^Azurite (\w+) service is successfully listening at \S+:(\d+)$/.exec(line) ?? []
    if (port) ports[service.toLowerCase()] = Number(port)
    if (Object.keys(ports).length === SERVICES.length) started.resolve(ports)
    const [, gone = ''] = /^Azurite (\w+) service successfully closed$/.exec(line) ?? []
    open.delete(gone)
    if (open.size === 0) closed.resolve()
  }
  const complain = console.error.bind(console)
  console.error = (...parts: unknown[]) => {
    complain(...parts)
    if (parts.join(' ').startsWith('Shutdown close failed')) closed.reject(new Error(parts.join(' ')))
  }
  // The last thing it does after it has started; the event comes just before the listener is there.
  process.on('newListener', (event) => event === 'SIGTERM' && setImmediate(listensForShutdown.resolve))
  const tooLate = () => closed.reject(new Error('Azurite did not close in time'))
  void closed.promise.catch(() => undefined)
  process.once('message', () => setTimeout(tooLate, CLOSE_LIMIT_MS).unref())
  return { started: started.promise, listensForShutdown: listensForShutdown.promise, closed: closed.promise }
}

/** `name:key;…`; keys are made once per state folder. */
async function accountKeys(names: readonly string[], folder: string): Promise<string> {
  const path = join(folder, 'account-keys.json')
  const old = ((await readJsonFile(path)) ?? {}) as Record<string, string>
  const keys = { ...old }
  for (const name of names) keys[name] ??= randomBytes(64).toString('base64')
  if (JSON.stringify(keys) !== JSON.stringify(old)) await writeAtomically(path, JSON.stringify(keys, null, 2))
  return names.map((name) => `${name}:${keys[name]}`).join(';')
}

async function portArguments(flags: Flags): Promise<string[]> {
  const args: string[] = []
  for (const service of ['table', 'blob', 'queue']) {
    args.push(`--${service}Host`, '127.0.0.1')
    args.push(`--${service}Port`, String(await freePort(Number(flags[`${service}-port`]))))
  }
  return args
}
