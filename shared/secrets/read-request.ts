import { z } from 'zod'
import { GatewayError } from '../errors.ts'
import type { Ask } from '../gate.ts'
import type { Gateway } from '../gateway.ts'
import { unmetObligation } from '../policy/unmet-obligation.ts'
import { matches, readETags } from './precondition.ts'
import type { SecretRef } from './secret-ref.ts'
import { SECRET_VERSION } from './vault.ts'
import type { WaitEnd } from './wait.ts'

const MAX_WAIT_SECONDS = 25

/** Query of a read. A version never changes, so waiting for one is a mistake. */
export const ReadQuery = z
  .strictObject({
    version: z.string().regex(SECRET_VERSION).optional(),
    wait: z
      .string()
      .regex(/^\d{1,2}$/)
      .transform(Number)
      .refine((seconds) => seconds <= MAX_WAIT_SECONDS, `must be at most ${MAX_WAIT_SECONDS}`)
      .optional()
      .meta({ type: 'integer', minimum: 0, maximum: MAX_WAIT_SECONDS }),
  })
  .refine(({ version, wait }) => !(version && wait), 'wait goes with the current version only')

/** `If-None-Match`: which version the caller holds already. */
export function readCondition(header: string | undefined): ((version: string) => boolean) | undefined {
  const tags = readETags('If-None-Match', header)
  return tags && ((version) => matches(tags, version))
}

export type WaitWish = {
  ref: SecretRef
  isKnown: ((version: string) => boolean) | undefined
  seconds: number
}

/**
 * Waits for a change before the admission. Who would be refused does not wait, so a refusal comes at once; nobody waits
 * past the end of their own token. Nothing is decided here: the full admission follows in any case.
 */
export async function waitFirst(
  { decide, secrets, now }: Pick<Gateway, 'decide' | 'secrets' | 'now'>,
  ask: Pick<Ask<unknown>, 'principal' | 'action' | 'resource' | 'context'>,
  { ref, isKnown, seconds }: WaitWish,
): Promise<WaitEnd | undefined> {
  const { effect, obligations } = decide(ask)
  if (effect === 'deny' || unmetObligation(obligations, ask)) return undefined
  const ends = await secrets.waitForChange({
    ref,
    isKnown,
    milliseconds: Math.min(seconds * 1_000, ask.principal.expiresAt - now()),
  })
  if (ask.principal.expiresAt <= now()) throw new GatewayError('invalid_token', 'expired_while_waiting')
  return ends
}
