import type { Obligations } from './decision.ts'
import type { Statement } from './statement.ts'

/** An hour is enough to look, and too short to live on. */
export const BREAK_GLASS_MAX_SECONDS = 3_600

type Permit = Pick<Statement, 'breakGlass' | 'obligations'>

/**
 * What must be done where one of the permits is for emergencies: nobody is asked for an approval, and whoever would have
 * been is named, so that each can be told. Reason, ticket and a short life are asked for instead; all else stays as strict.
 */
export function breakGlassDuties(permits: readonly Permit[], tightened: Obligations): Obligations {
  if (!permits.some(({ breakGlass }) => breakGlass)) return tightened
  const { approval: _skipped, ...kept } = tightened
  const skipped = new Set(permits.flatMap(({ obligations }) => obligations.approval?.approvers ?? []))
  return {
    ...kept,
    maxTtlSeconds: Math.min(tightened.maxTtlSeconds ?? BREAK_GLASS_MAX_SECONDS, BREAK_GLASS_MAX_SECONDS),
    requireReason: true,
    requireTicket: true,
    breakGlass: { skipped: [...skipped].sort() },
  }
}

type BreakGlass = NonNullable<Obligations['breakGlass']>

/** Principal and actor both broke glass: everybody whom either passed over. */
export const bothSkipped = (a: BreakGlass, b: BreakGlass): BreakGlass => ({
  skipped: [...new Set([...a.skipped, ...b.skipped])].sort(),
})
