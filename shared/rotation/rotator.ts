import type { RotationDocument } from '../policy/documents/rotation.ts'
import type { Secret } from '../secrets/secret.ts'
import type { Run } from './run.ts'

/** What a rotator gets for one step of one run. */
export type RotatorContext<D extends RotationDocument = RotationDocument> = {
  rotation: D
  run: Pick<Run, 'id' | 'memory' | 'startedAt'>
  /** Milliseconds. */
  now: () => number
  signal: AbortSignal
  /**
   * INVARIANT: called right before every call that changes something outside. Throws when another instance has taken the
   * rotation over: then nothing may be changed any more.
   */
  guard: () => Promise<void>
  /** Value of the version that is current now; undefined when the secret does not exist yet. */
  current: () => Promise<Secret | undefined>
  /** Secret `ext-<credential>` of the gateway vault. Throws RotationFault `credential_missing`. */
  credential: () => Promise<Secret>
  /** What the run remembers between steps; kept when the step succeeds, and at once by `remember`. Never a value. */
  remember: (facts: Readonly<Record<string, string>>) => Promise<void>
}

/**
 * How one kind of credential is made new. Every function may run again after a crash between any two of its lines, and then
 * leads to the same end. Failures are RotationFault, with a tag and never a value.
 */
export type Rotator<D extends RotationDocument = RotationDocument> = {
  /** Makes the new value; it is stored as the pending value before anything else happens. */
  create(context: RotatorContext<D>): Promise<Secret>
  /** Makes the target accept the new value beside the old one; nothing where `create` did. */
  set(context: RotatorContext<D>, value: Secret): Promise<void>
  /** One login with the new value over a fresh connection. */
  verify(context: RotatorContext<D>, value: Secret): Promise<void>
  /** Ends the replaced credential; `replaced` is the value of the version that was current before. */
  retire(context: RotatorContext<D>, replaced: Secret | undefined): Promise<void>
  /** Takes back what `create` and `set` added, before it was published. */
  undo(context: RotatorContext<D>, value: Secret | undefined): Promise<void>
}

type FaultOptions = { final?: boolean; retryAfterSeconds?: number }

/** A step that did not work. `reason` is an internal tag; its text holds nothing else. */
export class RotationFault extends Error {
  readonly reason: string
  /** Trying again will not help: the run is stuck at once. */
  readonly final: boolean
  /** What a throttling target asked for. */
  readonly retryAfterSeconds: number

  constructor(reason: string, { final = false, retryAfterSeconds = 0 }: FaultOptions = {}) {
    super(`rotation: ${reason}`)
    this.name = 'RotationFault'
    this.reason = reason
    this.final = final
    this.retryAfterSeconds = retryAfterSeconds
  }
}
