import { z } from 'zod'
import { distinct, PrincipalId } from './primitives.ts'
import { readQuota, readRate } from './rate.ts'

const UNIT_SECONDS = { s: 1, m: 60, h: 3_600 } as const
const MAX_TTL_SECONDS = 86_400

const DURATION = /^([1-9]\d{0,5})([smh])$/

/** `15m` → 900; undefined when it is not of that form or longer than a day. */
export function readDuration(text: string): number | undefined {
  const [, count, unit] = DURATION.exec(text) ?? []
  const seconds = Number(count) * UNIT_SECONDS[unit as keyof typeof UNIT_SECONDS]
  return seconds <= MAX_TTL_SECONDS ? seconds : undefined
}

/** A lifetime as a request names it: seconds, or `15m`; in seconds. */
export const Ttl = z.union([
  z.int().min(1).max(MAX_TTL_SECONDS),
  z.string().transform((text, context) => {
    const seconds = readDuration(text)
    if (seconds === undefined) context.addIssue({ code: 'custom', message: 'must be seconds, or a lifetime like 15m' })
    return seconds ?? z.NEVER
  }),
])

const Approval = z.strictObject({ count: z.int().min(1).max(10), approvers: distinct(PrincipalId, 100) }).superRefine(
  (approval, context) => {
    if (!Array.isArray(approval?.approvers) || !(approval.count > approval.approvers.length)) return
    context.addIssue({ code: 'custom', path: ['count'], message: 'must not be more than there are approvers' })
  },
  { when: () => true },
)

/** What must be done when the statement permits; each only tightens. */
export const ObligationsDocument = z.strictObject({
  maxTtl: z
    .string()
    .refine((value) => readDuration(value) !== undefined, 'must be a lifetime like 90s, 15m or 8h, at most 24h')
    .optional(),
  oneTime: z.boolean().optional(),
  requireReason: z.boolean().optional(),
  requireDpop: z.boolean().optional(),
  approval: Approval.nullable().optional(),
  rate: z
    .string()
    .refine((value) => readRate(value) !== undefined, 'must be a rate like 60/min (sec, min, hour, day)')
    .optional(),
  quota: z
    .string()
    .refine((value) => readQuota(value) !== undefined, 'must be a quota like 1000/day (min, hour, day)')
    .optional(),
})

export type ObligationsDocument = z.infer<typeof ObligationsDocument>
