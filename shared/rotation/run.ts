/** Where a run stands: the last thing that was reached. */
export type RunState = 'pending' | 'set' | 'verified' | 'current' | 'retired' | 'stuck' | 'aborted'

/** What the machine does for a run; each may be repeated after a crash with the same end. */
export type Step = 'set' | 'verify' | 'finish' | 'retire'

/** The step that follows a state; the others are over, or stuck. */
export const STEP_AFTER: Partial<Record<RunState, Step>> = {
  pending: 'set',
  set: 'verify',
  verified: 'finish',
  current: 'retire',
}

/** The state that a step leads to. */
export const STATE_AFTER = { set: 'set', verify: 'verified', finish: 'current', retire: 'retired' } as const

/** One turn of a rotation: one new value, from its making to the end of the one it replaces. Times in milliseconds. */
export type Run = {
  /** 32 hex digits; also the tag of the version it publishes and part of the name of its pending value. */
  id: string
  state: RunState
  /** Where a stuck run goes on when it is resumed. */
  stuckIn?: RunState
  /** What it works on (run-target.ts). */
  of?: string
  /** `schedule`, `event`, or the id of the principal that asked. */
  by: string
  startedAt: number
  endedAt?: number
  /** When each state was reached. */
  steps: readonly { state: RunState; at: number }[]
  /** Failures in a row of the step to come. */
  attempts: number
  /** Logins in a row that worked with the new value, and when the first of them did. */
  verified: { count: number; since?: number }
  /** Nothing is tried before. */
  notBefore: number
  publishedAt?: number
  /** The version it published, and the one that was current before. */
  version?: string
  replaces?: string
  /** How long the version is valid, by its tag `ValidityPeriodDays`. */
  validDays?: number
  /** What the rotator remembers between steps (ids of keys and the like); never a value. */
  memory: Readonly<Record<string, string>>
  /** Version of the pending value: what a slower holder of the lease stores afterwards is not it. */
  pending?: string
  /** Internal tag of the last failure. */
  reason?: string
}

/** A rotation as storage has it. */
export type RotationState = {
  name: string
  /** Of the lease under which it was last written: an older one must not write any more. */
  fence: number
  /** The run under way, or the last one. */
  run?: Run
  /** When the secret was last made new by a run. */
  lastRotatedAt?: number
}

/** Whether the machine is not done with it. */
export const isUnderWay = (run: Run | undefined): run is Run & { endedAt?: never } =>
  run !== undefined && run.endedAt === undefined
