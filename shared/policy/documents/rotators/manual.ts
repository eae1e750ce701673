import { z } from 'zod'
import { period } from '../period.ts'
import { text } from '../primitives.ts'

/** A person rotates: reminded before and after the due date, done when a new version is seen. */
export const ManualSettings = z.strictObject({
  instructions: text(1_000).optional(),
  remindBefore: period(3_600, 90 * 86_400).default('7d'),
  remindEvery: period(3_600, 30 * 86_400).default('1d'),
})

export type ManualSettings = z.infer<typeof ManualSettings>
