import { StorageError } from '../shared/azure/table.ts'
import type { Config } from '../shared/config.ts'
import { GatewayError } from '../shared/errors.ts'
import type { Gateway } from '../shared/gateway.ts'

/** A timer as data. `run` is safe when it comes late, twice, or on two instances at once; it gives what it did, for journal and log. */
export type Schedule = {
  /** Function name. */
  name: string
  /** NCRONTAB with seconds, UTC. */
  cron: (config: Config) => string
  run(gateway: Gateway): Promise<Readonly<Record<string, unknown>>>
}

/** Every timer of the gateway; functions/index.ts registers them. */
export const SCHEDULES: readonly Schedule[] = [
  {
    // Lives of signing keys are counted in days, a withdrawn one is replaced within 15 minutes (docs/keys.md).
    name: 'keys',
    cron: () => '0 */5 * * * *',
    run: ({ rotateKeys }) => rotateKeys(),
  },
  {
    // What must be denied, and allowed, is asked again through the front door (docs/policies.md, "Probes").
    name: 'probe',
    cron: () => '0 */5 * * * *',
    run: ({ probes }) => probes.run(),
  },
  {
    name: 'rotate',
    cron: ({ rotateSchedule }) => rotateSchedule,
    run: ({ rotations }) => rotations.tick(),
  },
  {
    // What happened is told to whoever subscribed to it, and what was read in an emergency is made new (docs/events.md).
    name: 'events',
    cron: ({ rotateSchedule }) => rotateSchedule,
    run: ({ events }) => events.tick(),
  },
  {
    // What the journal gained goes into the index of last uses, by which rotations know who has picked up.
    name: 'seal',
    cron: ({ sealSchedule }) => sealSchedule,
    run: ({ indexUses }) => indexUses(),
  },
  {
    // What has ended is removed, and of acts without a result it is said that nobody knows what came of them.
    name: 'sweep',
    cron: () => '0 */5 * * * *',
    run: ({ sweep }) => sweep(),
  },
  {
    // Who could do what, who did, and what has become of the secrets: the reports of docs/review.md.
    name: 'review',
    cron: () => '0 30 4 * * *',
    run: ({ review }) => review.run(),
  },
]

/**
 * Runs one tick, recorded before and after: what cannot be recorded is not done. What fails is logged and fails the invocation,
 * so that the platform's own alerts see it, without a value in its text.
 */
export async function tick({ name, run }: Schedule, gateway: Gateway): Promise<void> {
  try {
    await gateway.note('timer.intent', { timer: name })
    const did = await run(gateway)
    await gateway.note('timer.result', { timer: name, outcome: 'ok', ...did })
    // A local run ticks every two seconds: its lines would bury everything else in the terminal.
    if (gateway.config.mode === 'azure') gateway.log({ level: 'info', event: 'timer.done', timer: name, ...did })
  } catch (error) {
    const reason = error instanceof GatewayError || error instanceof StorageError ? error.reason : 'unexpected_error'
    await gateway.note('timer.result', { timer: name, outcome: 'failed', reason }).catch(() => undefined)
    gateway.log({ level: 'error', event: 'timer.failed', timer: name, reason })
    throw new Error(`timer ${name} failed: ${reason}`)
  }
}
