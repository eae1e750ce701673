import { bothSkipped } from './break-glass.ts'
import type { Obligations, Quota } from './decision.ts'
import { type ObligationsDocument, readDuration } from './documents/obligations.ts'
import { readQuota, readRate } from './documents/rate.ts'
import { intersectRanges } from './match/address.ts'

const NONE: Obligations = Object.freeze({})

/** What one permit asks for; its address condition goes along for targets that can bind a token to an address. */
export function compileObligations(
  statement: string,
  document: ObligationsDocument | undefined,
  addresses: readonly string[] | undefined,
): Obligations {
  if (!document && !addresses) return NONE
  const { maxTtl, oneTime, requireReason, requireDpop, approval, rate, quota } = document ?? {}
  const maxTtlSeconds = maxTtl === undefined ? undefined : readDuration(maxTtl)
  const perWindow = rate === undefined ? undefined : readRate(rate)
  const perFixedWindow = quota === undefined ? undefined : readQuota(quota)
  return {
    ...(maxTtlSeconds !== undefined && { maxTtlSeconds }),
    ...(oneTime && { oneTime }),
    ...(requireReason && { requireReason }),
    ...(requireDpop && { requireDpop }),
    ...(approval && { approval: { count: approval.count, approvers: [...approval.approvers].sort() } }),
    ...(perWindow && { rate: perWindow }),
    ...(perFixedWindow && { quotas: [{ statement, ...perFixedWindow }] }),
    ...(addresses && { addresses: [...addresses].sort() }),
  }
}

/**
 * The strictest of both in every respect: whoever meets it meets each. Rates over different windows become the smaller
 * count over the longer window; approvals need the larger number from those whom both name, which may be more than there
 * are: then nobody can approve. Quotas all hold: which permits match may differ from request to request, so each counts for itself.
 */
export function tighten(a: Obligations, b: Obligations): Obligations {
  const maxTtlSeconds = both(a.maxTtlSeconds, b.maxTtlSeconds, Math.min)
  const approval = both(a.approval, b.approval, strictestApproval)
  const breakGlass = both(a.breakGlass, b.breakGlass, bothSkipped)
  const rate = both(a.rate, b.rate, (one, other) => ({
    count: Math.min(one.count, other.count),
    windowSeconds: Math.max(one.windowSeconds, other.windowSeconds),
  }))
  const quotas = both(a.quotas, b.quotas, unite)
  const addresses = both(a.addresses, b.addresses, intersectRanges)
  return {
    ...(maxTtlSeconds !== undefined && { maxTtlSeconds }),
    ...((a.oneTime || b.oneTime) && { oneTime: true }),
    ...((a.requireReason || b.requireReason) && { requireReason: true }),
    ...((a.requireTicket || b.requireTicket) && { requireTicket: true }),
    ...((a.requireDpop || b.requireDpop) && { requireDpop: true }),
    ...(approval && { approval }),
    ...(breakGlass && { breakGlass }),
    ...(rate && { rate }),
    ...(quotas && { quotas }),
    ...(addresses && { addresses }),
  }
}

/** A statement that permits both principal and actor stands in it once. */
function unite(a: readonly Quota[], b: readonly Quota[]): readonly Quota[] {
  const byStatement = new Map([...a, ...b].map((quota) => [quota.statement, quota]))
  return [...byStatement.values()].sort((one, other) => (one.statement < other.statement ? -1 : 1))
}

function both<T>(a: T | undefined, b: T | undefined, stricter: (a: T, b: T) => T): T | undefined {
  return a !== undefined && b !== undefined ? stricter(a, b) : (a ?? b)
}

type Approval = NonNullable<Obligations['approval']>

const strictestApproval = (a: Approval, b: Approval): Approval => ({
  count: Math.max(a.count, b.count),
  approvers: a.approvers.filter((approver) => b.approvers.includes(approver)),
})
