import { BREAK_GLASS_MAX_SECONDS } from '../break-glass.ts'
import type { Obligations } from '../decision.ts'
import type { StatementDocument } from '../documents/statement.ts'
import { compileObligations } from '../obligations.ts'
import { rangesWithin } from './condition-order.ts'

/** What a permit asks of whom it helps, what its being for emergencies asks included. */
export function dutiesOf({ id, obligations, when, breakGlass }: StatementDocument): Obligations {
  const own = compileObligations(id, obligations, when?.ip)
  if (!breakGlass) return own
  const maxTtlSeconds = Math.min(own.maxTtlSeconds ?? BREAK_GLASS_MAX_SECONDS, BREAK_GLASS_MAX_SECONDS)
  return { ...own, maxTtlSeconds, requireReason: true, requireTicket: true }
}

/** The respects in which `now` may ask less than `before`, in words; none when whoever meets `now` surely meets `before`. */
export function looserDuties(now: Obligations, before: Obligations): string[] {
  return Object.keys(before)
    .filter((name) => !isAsStrict(name as keyof Obligations, now, before))
    .map(
      (name) => `\`${name}\` ${spoken(before[name as keyof Obligations])} → ${spoken(now[name as keyof Obligations])}`,
    )
}

function isAsStrict(name: keyof Obligations, now: Obligations, before: Obligations): boolean {
  switch (name) {
    case 'maxTtlSeconds':
      return atMost(now.maxTtlSeconds, before.maxTtlSeconds)
    case 'approval':
      return both(now.approval, before.approval, (a, b) => {
        return a.count >= b.count && a.approvers.every((approver) => b.approvers.includes(approver))
      })
    case 'rate':
      return both(now.rate, before.rate, isSlower)
    case 'quotas':
      return (before.quotas ?? []).every((old) =>
        both(
          now.quotas?.find(({ statement }) => statement === old.statement),
          old,
          isSlower,
        ),
      )
    case 'addresses':
      return both(now.addresses, before.addresses, rangesWithin)
    case 'breakGlass':
      return true
    default:
      // Flags; what a later build adds counts as weaker unless it is the same.
      return JSON.stringify(now[name]) === JSON.stringify(before[name])
  }
}

type Rate = { count: number; windowSeconds: number }

const isSlower = (a: Rate, b: Rate) => a.count <= b.count && a.windowSeconds >= b.windowSeconds

const atMost = (now: number | undefined, before: number | undefined) => both(now, before, (a, b) => a <= b)

const both = <T>(now: T | undefined, before: T | undefined, holds: (now: T, before: T) => boolean): boolean =>
  before === undefined || (now !== undefined && holds(now, before))

const spoken = (value: unknown) =>
  value === undefined ? 'none' : typeof value === 'object' ? JSON.stringify(value) : String(value)
