import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Endpoints } from '../cli/local-state.ts'

const FILE = 'endpoints.json'

/** Says where everything of this run is; appears whole or not at all, and only when everything is ready. */
export function writeEndpoints(stateDir: string, endpoints: Endpoints): void {
  const path = join(stateDir, FILE)
  writeFileSync(`${path}.new`, `${JSON.stringify(endpoints, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

export function removeEndpoints(stateDir: string): void {
  rmSync(join(stateDir, FILE), { force: true })
}
