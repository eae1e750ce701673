import { join } from 'node:path'
import { ensureCertificates } from './certificates.ts'
import { type Child, type ChildOptions, startChild } from './child.ts'
import { type Addresses, type EnvironmentOptions, environmentFor } from './environment.ts'
import { refuseOutsideLocalRun } from './guard.ts'
import { readClientSecrets } from './identity/directory.ts'
import { holdLock } from './lock.ts'

export type LocalServers = Omit<Addresses, 'identityEndpoint'> & {
  /** Process ids: azurite, identity, vault-main, vault-gateway, clouds, and postgres where it was asked for. */
  processes: Record<string, number>
  identityEndpoint: string
  environment(options: EnvironmentOptions): Record<string, string>
  stop(): Promise<void>
}

type PortName = 'table' | 'blob' | 'queue' | 'identity' | 'vaultMain' | 'vaultGateway' | 'clouds' | 'postgres'

export type StartOptions = {
  stateDir: string
  /** Wanted ports; a taken one is replaced by a free one, a missing one is free. */
  ports?: Partial<Record<PortName, number>>
  /** Azurite keeps nothing on disk. */
  memory?: boolean
  /** PostgreSQL too. */
  postgres?: boolean
  /** Storage accounts; `sallyportdev` when none is named. */
  accounts?: readonly string[]
  /** Opens the control endpoints that inject faults and mint tokens: test runs only. */
  control?: boolean
  /** How long deleting a secret takes. */
  deleteDelayMs?: number
  log?(line: string): void
}

/**
 * Starts Azurite, the identity server, the two vaults and the clouds, each a process of its own, and waits until all answer. When one
 * fails, the others are stopped and the error says why. They end by themselves when this process ends in any way.
 */
export async function startServers(options: StartOptions): Promise<LocalServers> {
  refuseOutsideLocalRun({ ...process.env, SALLYPORT_ALLOW_STUBS: '1' })
  const { stateDir, log = () => undefined } = options
  const lock = await holdLock(join(stateDir, 'servers.lock'), { what: `the state folder ${stateDir}`, waitMs: 0 })
  const started: Child[] = []
  const start = async (child: Omit<ChildOptions, 'log'>): Promise<Child> => {
    const running = await startChild({ ...child, log })
    started.push(running)
    log(`${child.name} (process ${running.pid}) ${portList(running)}`)
    return running
  }
  const stop = async () => {
    await Promise.all(started.map((child) => child.stop()))
    await lock.release()
  }
  try {
    const { ca } = await ensureCertificates(stateDir, () => Date.now())
    const database = options.postgres ? [start(postgres(options))] : []
    await allOf([start(azurite(options)), startIdentityAndDependents(options, start), ...database])
    const addresses = { ...addressesOf(started), ca }
    const secrets = await readClientSecrets(stateDir)
    if (!secrets) throw new Error('the identity server left no secrets')
    return {
      ...addresses,
      processes: Object.fromEntries(started.map(({ name, pid }) => [name, pid])),
      environment: (environment) => environmentFor(addresses, secrets, environment),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Waits for all even when one fails, so that nothing is still starting when the caller begins to stop. */
async function allOf(starts: Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(starts)
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}

type Start = (child: Omit<ChildOptions, 'log'>) => Promise<Child>

/** Vaults and clouds check tokens of the identity server: they are told where it listens. */
async function startIdentityAndDependents(options: StartOptions, start: Start): Promise<void> {
  const identity = await start({
    name: 'identity',
    main: 'identity/main.ts',
    args: [...common(options), '--port', port(options, 'identity')],
  })
  const vault = (kind: 'main' | 'gateway', wanted: PortName) =>
    start({
      name: `vault-${kind}`,
      main: 'key-vault/main.ts',
      args: [
        ...common(options),
        ...['--vault', kind, '--port', port(options, wanted), '--identity', origin(identity, 'https')],
        ...(options.deleteDelayMs === undefined ? [] : ['--delete-delay-ms', String(options.deleteDelayMs)]),
      ],
    })
  const clouds = start({
    name: 'clouds',
    main: 'clouds/main.ts',
    args: [...common(options), '--port', port(options, 'clouds'), '--identity', origin(identity, 'https')],
  })
  await allOf([vault('main', 'vaultMain'), vault('gateway', 'vaultGateway'), clouds])
}

const azurite = (options: StartOptions): Omit<ChildOptions, 'log'> => ({
  name: 'azurite',
  main: 'azurite/main.ts',
  args: [
    ...['--state', options.stateDir, '--accounts', (options.accounts ?? ['sallyportdev']).join(',')],
    ...['--table-port', port(options, 'table'), '--blob-port', port(options, 'blob')],
    ...['--queue-port', port(options, 'queue'), ...(options.memory ? ['--memory'] : [])],
  ],
})

const postgres = (options: StartOptions): Omit<ChildOptions, 'log'> => ({
  name: 'postgres',
  main: 'postgres/main.ts',
  args: ['--state', options.stateDir, '--port', port(options, 'postgres'), ...(options.memory ? ['--memory'] : [])],
})

const common = ({ stateDir, control }: StartOptions) => ['--state', stateDir, ...(control ? ['--control'] : [])]

const port = ({ ports }: StartOptions, name: PortName) => String(ports?.[name] ?? 0)

const origin = ({ ports }: Child, name: string) => `https://127.0.0.1:${ports[name]}`

function addressesOf(children: readonly Child[]): Omit<Addresses, 'ca'> {
  const child = (name: string) => {
    const found = children.find((item) => item.name === name)
    if (!found) throw new Error(`${name} was not started`)
    return found
  }
  const storage = child('azurite')
  const database = children.find(({ name }) => name === 'postgres')
  return {
    identity: origin(child('identity'), 'https'),
    identityEndpoint: `http://127.0.0.1:${child('identity').ports['msi']}/msi/token`,
    vaults: { main: origin(child('vault-main'), 'https'), gateway: origin(child('vault-gateway'), 'https') },
    clouds: origin(child('clouds'), 'https'),
    table: origin(storage, 'table'),
    blob: origin(storage, 'blob'),
    queue: origin(storage, 'queue'),
    ...(database && { postgres: `tcp://127.0.0.1:${database.ports['postgres']}` }),
  }
}

const portList = ({ ports }: Child) =>
  Object.entries(ports)
    .map(([name, number]) => `${name} ${number}`)
    .join(', ')
