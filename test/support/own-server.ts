import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Child, startChild } from '../../local/servers/child.ts'
import { localAgent } from '../../shared/azure/local-route.ts'

/** A temporary state folder with the run's certificates, so that its servers trust the run's identity server. */
export function ownState(rigStateDir: string): { stateDir: string; ca: string; remove(): void } {
  const stateDir = mkdtempSync(join(tmpdir(), 'sallyport-own-'))
  cpSync(join(rigStateDir, 'tls'), join(stateDir, 'tls'), { recursive: true })
  const remove = () => rmSync(stateDir, { recursive: true, force: true })
  return { stateDir, ca: join(stateDir, 'tls', 'ca.pem'), remove }
}

/** A server of this test alone, which it may kill. */
export const startOwn = (server: 'azurite' | 'identity' | 'key-vault', args: readonly string[]): Promise<Child> =>
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
