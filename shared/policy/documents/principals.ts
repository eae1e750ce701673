import { z } from 'zod'
import { ClaimsCondition } from './conditions.ts'
import { SubjectPattern } from './patterns.ts'
import { Guid, Name, text } from './primitives.ts'

const ENTRA_WAYS = ['objectId', 'appId', 'group', 'role'] as const

const Entra = z
  .strictObject({
    tenant: Guid,
    objectId: Guid.optional(),
    /** The application itself: in a permit, never a user's token that the application holds. */
    appId: Guid.optional(),
    group: Guid.optional(),
    role: text(120).optional(),
  })
  .superRefine(exactlyOne(ENTRA_WAYS), { when: () => true })
  .meta({ oneOf: ENTRA_WAYS.map((name) => ({ required: [name] })) })

const Oidc = z.strictObject({ issuer: Name, subject: SubjectPattern, claims: ClaimsCondition.optional() })

const WAYS = ['entra', 'oidc', 'any'] as const

/**
 * Whom a statement is about: one way to name principals. `any` means every caller of every trusted issuer and needs
 * `"explicit": true` beside it, and so does an OIDC subject of wildcards alone without claims, which means the same for
 * one issuer (T36).
 */
export const PrincipalSelector = z
  .strictObject({
    entra: Entra.optional(),
    oidc: Oidc.optional(),
    any: z.literal(true).optional(),
    explicit: z.literal(true).optional(),
  })
  .superRefine(exactlyOne(WAYS), { when: () => true })
  .superRefine(needsExplicit, { when: () => true })
  .meta({ oneOf: WAYS.map((name) => ({ required: [name] })) })

export type PrincipalSelector = z.infer<typeof PrincipalSelector>

/** Refinement: one of these fields and no other of them. */
export function exactlyOne(names: readonly string[]) {
  return (value: unknown, context: z.RefinementCtx) => {
    if (typeof value !== 'object' || value === null) return
    const given = names.filter((name) => Object.hasOwn(value, name))
    if (given.length !== 1)
      context.addIssue({ code: 'custom', message: `must hold exactly one of ${names.join(', ')}` })
  }
}

function needsExplicit(value: unknown, context: z.RefinementCtx): void {
  const { any, oidc, explicit } = (value ?? {}) as { any?: unknown; oidc?: Record<string, unknown>; explicit?: unknown }
  const everybody = any === true || (/^[*/:]+$/.test(String(oidc?.['subject'])) && oidc?.['claims'] === undefined)
  if (everybody && explicit !== true) {
    context.addIssue({ code: 'custom', message: 'means everybody: say "explicit": true beside it if that is meant' })
  }
  if (!everybody && explicit === true) {
    context.addIssue({ code: 'custom', path: ['explicit'], message: 'belongs beside a selector that means everybody' })
  }
}
