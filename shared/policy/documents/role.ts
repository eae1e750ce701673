import { z } from 'zod'
import { ACTION_NAMES } from '../actions.ts'
import { distinct, Name } from './primitives.ts'

/** A named set of actions; no action implies another. */
export const RoleDocument = z.strictObject({
  kind: z.literal('role'),
  name: Name,
  actions: distinct(z.enum(ACTION_NAMES), ACTION_NAMES.length),
})

export type RoleDocument = z.infer<typeof RoleDocument>
