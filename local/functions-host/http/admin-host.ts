import { EMULATED_HOST_VERSION } from '../app/core-module.ts'

export type HostFacts = {
  id: string
  appRoot: string
  routePrefix: string
  uptimeMs: number
  /** Errors of the host itself; any makes its state Error. */
  errors: readonly string[]
}

/** Body of GET /admin/host/status. */
export function describeHost({ id, uptimeMs, errors }: HostFacts): Record<string, unknown> {
  return {
    id,
    state: errors.length > 0 ? 'Error' : 'Running',
    version: EMULATED_HOST_VERSION,
    versionDetails: `${EMULATED_HOST_VERSION} (local in-process host)`,
    platformVersion: '',
    instanceId: '',
    computerName: '',
    processUptime: Math.round(uptimeMs),
    functionAppContentEditingState: 'Unknown',
    ...(errors.length > 0 && { errors }),
  }
}
