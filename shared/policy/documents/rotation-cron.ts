import { Cron } from 'croner'
import type { z } from 'zod'

/** Five fields, minute first: seconds would let one rotation start sixty times a minute. */
export function cronFault(expression: string, context: z.RefinementCtx): void {
  try {
    const cron = new Cron(expression, { mode: '5-part' })
    if (!cron.nextRun()) throw new Error('never')
  } catch {
    context.addIssue({ code: 'custom', message: 'must be a cron expression of five fields that comes up some day' })
  }
}
