import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { callerToken } from '../local/caller-token.ts'
import { seedState } from '../local/seed/seed-state.ts'
import { REPORTS_ACCOUNT } from '../local/servers/environment.ts'
import { createKeyStore } from '../local/servers/identity/keys.ts'
import { IDENTITIES_FILE, readSeed } from '../local/servers/seed.ts'
import { type LocalServers, startServers } from '../local/servers/start-servers.ts'
import { localAgent } from '../shared/azure/local-route.ts'
import { loadConfig } from '../shared/config.ts'
import { createControl } from '../test/support/control.ts'

export const BENCH_ACCOUNT = 'sallyportdev'

/** Local servers with seeded state, for the length of one benchmark. Azurite keeps its tables in memory: its disk mode stalls for a second every five. */
export type Stack = {
  servers: LocalServers
  stateDir: string
  environment: Record<string, string>
  /** A token of a seeded caller. */
  token(caller: string): Promise<string>
  /** `Authorization` values with so many different RS256 tokens of billing-app, signed with the identity server's own key. */
  freshTokens(count: number): Promise<string[]>
  /** How often the value of a secret was read from vault `main`. */
  vaultReads(): Promise<number>
  /** Calls to vault `main`, the tenant's authority and the managed-identity endpoint so far, of whatever kind. */
  upstreamCalls(): Promise<number>
  stop(): Promise<void>
}

export async function startStack(): Promise<Stack> {
  const stateDir = await mkdtemp(join(tmpdir(), 'sallyport-bench-'))
  const servers = await startServers({
    stateDir,
    memory: true,
    control: true,
    accounts: [BENCH_ACCOUNT, REPORTS_ACCOUNT],
  })
  const environment = servers.environment({ account: BENCH_ACCOUNT, issuer: 'http://127.0.0.1:7071' })
  Object.assign(process.env, environment)
  const { identity, ca } = servers
  await seedState({ stateDir, account: BENCH_ACCOUNT, environment, identity, ca })
  return {
    servers,
    stateDir,
    environment,
    token: (caller) => callerToken({ stateDir, identity, ca }, caller),
    freshTokens: async (count) =>
      signMany(stateDir, await callerToken({ stateDir, identity, ca }, 'billing-app'), count),
    vaultReads: async () => (await counters(environment).vault('main').counts())['getSecret'] ?? 0,
    upstreamCalls: async () => {
      const { identity: authority, vault } = counters(environment)
      const { tenant } = await readSeed(IDENTITIES_FILE)
      const asked = [vault('main'), authority.of(tenant), authority.of(MANAGED_IDENTITY)]
      const counts = await Promise.all(asked.map((server) => server.counts()))
      return counts.flatMap((each) => Object.values(each)).reduce((sum, count) => sum + count, 0)
    },
    stop: async () => {
      await servers.stop()
      await rm(stateDir, { recursive: true, force: true })
    },
  }
}

/** Scope under which the managed-identity endpoint counts who names none. */
const MANAGED_IDENTITY = 'msi'

function counters(environment: Record<string, string>) {
  const { local } = loadConfig(environment)
  if (!local) throw new Error('a benchmark is a local run')
  return createControl({ agent: localAgent(local), account: 'sallyport' })
}

const IN_FLIGHT = 32

/** Many tokens like `sample`, each with a `uti` of its own. */
async function signMany(stateDir: string, sample: string, count: number): Promise<string[]> {
  const { tenant } = await readSeed(IDENTITIES_FILE)
  const keys = createKeyStore(join(stateDir, 'identity', 'keys'))
  const claims = JSON.parse(Buffer.from(sample.split('.')[1] ?? '', 'base64url').toString())
  const signed: string[] = []
  while (signed.length < count) {
    const batch = Array.from({ length: IN_FLIGHT }, () =>
      keys.sign(tenant, { claims: { ...claims, uti: randomUUID() } }),
    )
    for (const token of await Promise.all(batch)) signed.push(`Bearer ${token}`)
  }
  return signed
}

export type RunningHost = { url: string; stop(): Promise<void> }

/** bench/app.ts in a Functions host in a process of its own. */
export async function startBenchHost(stack: Stack, settings: Record<string, string> = {}): Promise<RunningHost> {
  const child = fork(fileURLToPath(new URL('../local/functions-host/host-process.ts', import.meta.url)), [], {
    // A load generator is one principal.
    env: { ...process.env, ...stack.environment, SALLYPORT_PRINCIPAL_RATE: '9999999/sec', ...settings },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const [{ url }] = (await once(child, 'message')) as [{ url: string }]
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}
