import { globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { type Addresses, REPORTS_ACCOUNT } from '../../local/servers/environment.ts'
import { startServers } from '../../local/servers/start-servers.ts'

import { buildEntries } from './built-entries.ts'
import { keepRun } from './run-keeper.ts'

/** What test files need of the one set of servers of a run; plain data, since it crosses a process. */
export type Rig = {
  stateDir: string
  addresses: Addresses
  processes: Record<string, number>
  /** Test file (relative path) → its storage account and prefix of its vaults' names. */
  accounts: Record<string, string>
}

declare module 'vitest' {
  interface ProvidedContext {
    rig: Rig
    /** Where the run that test files share is asked for. */
    sharedRun: string
  }
}

/** Starts Azurite, the identity server, both vaults and the clouds once per run, in a temporary folder that goes afterwards. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  process.env['SALLYPORT_BUILT_ENTRIES'] = await buildEntries()
  const stateDir = mkdtempSync(join(tmpdir(), 'sallyport-test-'))
  const files = globSync('test/**/*.test.ts', { cwd: project.config.root }).toSorted()
  const accounts = Object.fromEntries(
    files.map((file, at) => [file.replaceAll('\\', '/'), `t${String(at + 1).padStart(3, '0')}`]),
  )
  const servers = await startServers({
    stateDir,
    memory: true,
    control: true,
    accounts: [...Object.values(accounts), REPORTS_ACCOUNT],
    deleteDelayMs: 250,
    log: (line) => process.env['SALLYPORT_TEST_LOG'] && process.stderr.write(`${line}\n`),
  })
  const { identity, identityEndpoint, vaults, clouds, table, blob, queue, ca, processes } = servers
  project.provide('rig', {
    stateDir,
    addresses: { identity, identityEndpoint, vaults, clouds, table, blob, queue, ca },
    processes,
    accounts,
  })
  const run = await keepRun()
  project.provide('sharedRun', run.url)
  return async () => {
    await run.close()
    await servers.stop()
    rmSync(stateDir, { recursive: true, force: true })
  }
}
