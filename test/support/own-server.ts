import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Child, startChild } from '../../local/servers/child.ts'
import { localAgent } from '../../shared/azure/local-route.ts'

/** A temporary state folder with the run's certificates, so that its servers trust the run's identity server. */
export function ownState(rigStateDir: string): { stateDir: string; ca: string; remove(): void } {
  const stateDir = mkdtempSync(join(tmpdir(), 'sallyport-own-'))
  cpSync(join(rigStateDir, 'tls'), join(stateDir, 'tls'), { recursive: true })
  const remove = () => rmSync(stateDir, { recursive: true, force: true })
  return { stateDir, ca: join(stateDir, 'tls', 'ca.pem'), remove }
}

export type Server = 'azurite' | 'identity' | 'key-vault' | 'clouds'

/** A server of this test alone, which it may kill. */
export const startOwn = (server: Server, args: readonly string[]): Promise<Child> =>
  startChild({ name: server, main: `${server}/main.ts`, args, log: () => undefined })

/** kill -9, and waits until it is gone. */
export async function killHard(child: Child): Promise<void> {
  process.kill(child.pid, 'SIGKILL')
  await child.stop()
}

export const agentTo = (host: string, port: number | undefined, caPath: string) =>
  localAgent({ hosts: { [host]: `127.0.0.1:${port}` }, caPath })

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

export type Alone = {
  child: ChildProcess
  ports: Record<string, number>
  /** Sends a signal, waits for the end and gives the exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

/** As a person runs it: no IPC, facts on stdout, ended by a signal. */
export async function startAlone(server: Server, args: readonly string[]): Promise<Alone> {
  const child = spawn(process.execPath, [join('local', 'servers', server, 'main.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, SALLYPORT_ALLOW_STUBS: '1' },
  })
  const end = async (signal: NodeJS.Signals) => {
    const ended = once(child, 'exit')
    child.kill(signal)
    return (await ended)[0] as number | null
  }
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('{')) return { child, ports: JSON.parse(line).ports, end }
  }
  throw new Error(`${server} said nothing`)
}
