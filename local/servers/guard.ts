import { AZURE_MARKERS } from '../../shared/config.ts'

/**
 * T38: a stand-in server hands out tokens and secrets by rules of its own, so it must never run beside the real thing.
 * Throws unless SALLYPORT_ALLOW_STUBS is exactly `1` and nothing says that this is Azure.
 */
export function refuseOutsideLocalRun(env: Record<string, string | undefined>): void {
  const marker = AZURE_MARKERS.find((name) => env[name])
  if (marker) throw new Error(`local servers never run in Azure (${marker} is set)`)
  if (env['SALLYPORT_ALLOW_STUBS'] !== '1') throw new Error('local servers need SALLYPORT_ALLOW_STUBS=1')
}
