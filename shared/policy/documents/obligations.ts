import { z } from 'zod'
import { distinct, PrincipalId } from './primitives.ts'

const UNIT_SECONDS = { s: 1, m: 60, h: 3_600 } as const
const WINDOW_SECONDS = { sec: 1, min: 60, hour: 3_600, day: 86_400 } as const
const MAX_TTL_SECONDS = 86_400

const DURATION = /^([1-9]\d{0,5})([smh])$/
const RATE = /^([1-9]\d{0,6})\/(sec|min|hour|day)$/

/** `15m` → 900; undefined when it is not of that form or longer than a day. */
export function readDuration(text: string): number | undefined {
  const [, count, unit] = DURATION.exec(text) ?? []
  const seconds = Number(count) * UNIT_SECONDS[unit as keyof typeof UNIT_SECONDS]
  return seconds <= MAX_TTL_SECONDS ? seconds : undefined
}

/** `60/min` → 60 in 60 seconds; undefined when it is not of that form. */
export function readRate(text: string): { count: number; windowSeconds: number } | undefined {
  const [, count, unit] = RATE.exec(text) ?? []
  const windowSeconds = WINDOW_SECONDS[unit as keyof typeof WINDOW_SECONDS]
  return windowSeconds ? { count: Number(count), windowSeconds } : undefined
}

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
})

export type ObligationsDocument = z.infer<typeof ObligationsDocument>
