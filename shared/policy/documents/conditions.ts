import { z } from 'zod'
import { readRange } from '../match/address.ts'
import { readDays, readTimeOfDay, zoneExists } from '../match/clock.ts'
import { ClaimPattern } from './patterns.ts'
import { distinct, text } from './primitives.ts'

/** Claims a user or an administrator of another house can change: no policy may look at them (T5). */
const MUTABLE_CLAIMS = new Set([
  'email',
  'emails',
  'family_name',
  'given_name',
  'login_hint',
  'name',
  'nickname',
  'preferred_username',
  'unique_name',
  'upn',
  'verified_primary_email',
  'verified_secondary_email',
])

const ClaimName = z
  .string()
  .regex(/^[A-Za-z0-9_.:/-]{1,128}$/, 'must be 1 to 128 of letters, digits and _ . : / -')
  .refine(
    (name) => !MUTABLE_CLAIMS.has(name.toLowerCase()),
    'is a claim that its subject can change: it proves nothing',
  )

/** Claim → what it must be; text is a pattern, a number or boolean is compared as it is. */
export const ClaimsCondition = z
  .record(ClaimName, z.union([ClaimPattern, z.number(), z.boolean()]))
  .superRefine(notEmpty('claim'))
  .meta({ minProperties: 1 })

const Range = z.string().superRefine((range, context) => {
  const read = readRange(range)
  if (typeof read === 'string') context.addIssue({ code: 'custom', message: read })
})

const TimeOfDay = z
  .string()
  .refine((value) => readTimeOfDay(value) !== undefined, 'must be a time of day, 00:00 to 24:00')

/** Days and hours of a zone; what a condition and a window of rotation have in common. */
export const Time = z
  .strictObject({
    days: z
      .string()
      .refine((days) => readDays(days) !== undefined, 'must be days like mon-fri or sat,sun')
      .optional(),
    /** From (included) to (excluded); a window over midnight belongs to the day on which it starts. */
    between: z.tuple([TimeOfDay, TimeOfDay]).optional(),
    zone: z.string().max(64).refine(zoneExists, 'must be a time zone of the IANA database'),
  })
  .superRefine(
    (time, context) => {
      if (time?.days === undefined && time?.between === undefined) {
        context.addIssue({ code: 'custom', message: 'must hold days or between' })
      }
      if (Array.isArray(time?.between) && time.between[0] === time.between[1]) {
        context.addIssue({ code: 'custom', path: ['between'], message: 'must not begin and end at the same time' })
      }
    },
    { when: () => true },
  )

const Purpose = z.string().regex(/^[a-z0-9-]{1,64}$/, 'must be 1 to 64 of a-z, 0-9 and -')

/** What must hold of the request and its caller; all of it. */
export const Conditions = z
  .strictObject({
    ip: distinct(Range, 100).optional(),
    time: Time.optional(),
    claims: ClaimsCondition.optional(),
    purpose: distinct(Purpose, 50).optional(),
  })
  .superRefine(notEmpty('condition'), { when: () => true })
  .meta({ minProperties: 1 })

export type Conditions = z.infer<typeof Conditions>

/** Who owns the statement; text for people. */
export const Owner = text(128)

function notEmpty(what: string) {
  return (value: unknown, context: z.RefinementCtx) => {
    if (typeof value !== 'object' || value === null || Object.keys(value).length > 0) return
    context.addIssue({ code: 'custom', message: `must hold at least one ${what}` })
  }
}
