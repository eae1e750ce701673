import { GatewayError } from '../shared/errors.ts'
import type { Gateway } from '../shared/gateway.ts'

/** A timer as data. `run` is safe when it comes late, twice, or on two instances at once. */
export type Schedule = {
  /** Function name. */
  name: string
  /** NCRONTAB with seconds, UTC. */
  cron: string
  run(gateway: Gateway): Promise<void>
}

/** Every timer of the gateway; functions/index.ts registers them. */
export const SCHEDULES: readonly Schedule[] = [
  {
    // Lives of signing keys are counted in days, a withdrawn one is replaced within 15 minutes (docs/keys.md).
    name: 'keys',
    cron: '0 */5 * * * *',
    run: async ({ rotateKeys }) => {
      await rotateKeys()
    },
  },
]

/** Runs one tick. What fails is logged and fails the invocation, so that the platform's own alerts see it, without a value in its text. */
export async function tick({ name, run }: Schedule, gateway: Gateway): Promise<void> {
  try {
    await run(gateway)
  } catch (error) {
    const reason = error instanceof GatewayError ? error.reason : 'unexpected_error'
    gateway.log({ level: 'error', event: 'timer.failed', timer: name, reason })
    throw new Error(`timer ${name} failed: ${reason}`)
  }
}
