/** What a renewal depends on of the stored grant. */
export type Renewed = {
  generation: number
  /** Operation that made this generation; the first one was made by opening. */
  renewedBy: string | undefined
}

export type RenewalPlan =
  /** The newest credential: the next generation is made. */
  | 'renew'
  /** This very operation made the newest generation: its answer is given again. */
  | 'repeat'
  /** This operation was answered and others came after it: nothing is made again, and nothing is wrong. */
  | 'too_late'
  /** An old credential asks anew: two hold it, and which is the thief cannot be told. */
  | 'cloned'
  /** A generation that was never given out: the row was set back. */
  | 'set_back'

/**
 * What a renewal by the credential of `generation` means. An honest client that did not get its answer repeats the request
 * under the same `Idempotency-Key`, which is the same `operation`; two renewals of one generation under different operations,
 * even at the same moment, are two holders.
 */
export function planRenewal(
  stored: Renewed,
  asked: { generation: number; operation: string; answered: boolean },
): RenewalPlan {
  if (asked.generation === stored.generation) return 'renew'
  if (asked.generation > stored.generation) return 'set_back'
  const mine = stored.renewedBy === asked.operation
  if (mine && asked.generation === stored.generation - 1) return 'repeat'
  return asked.answered ? 'too_late' : 'cloned'
}
