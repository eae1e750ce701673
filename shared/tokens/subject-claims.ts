import { z } from 'zod'
import { freezeClaims } from '../identity/claims.ts'
import type { JsonObject } from '../identity/jwt.ts'
import type { Principal } from '../identity/principal.ts'
import { isRefused } from '../identity/refusal.ts'

/** A principal as a token of ours carries it: everything a decision looks at, so that it can be decided again. */
const Caller = z.strictObject({
  id: z.string(),
  issuerName: z.string(),
  kind: z.enum(['entra', 'oidc']),
  tenant: z.string().optional(),
  objectId: z.string().optional(),
  appId: z.string().optional(),
  subject: z.string(),
  groups: z.union([z.array(z.string()), z.literal('overage')]),
  roles: z.array(z.string()),
  claims: z.record(z.string(), z.unknown()),
  tokenId: z.string().optional(),
  /** When the caller's own token ends, milliseconds: what is issued later must not outlive it. */
  expiresAt: z.number(),
  validatedAt: z.number(),
})

/** Claims `caller`, and `cnf` where the caller's token is bound to a key (RFC 7800 §3.1). */
export function writeCaller({ boundTo, ...principal }: Principal): { caller: unknown; cnf?: { jkt: string } } {
  return { caller: principal, ...(boundTo !== undefined && { cnf: { jkt: boundTo } }) }
}

/** The principal out of a verified token of ours; undefined when it is none. */
export function readCaller({ caller }: Readonly<JsonObject>): Principal | undefined {
  const parsed = Caller.safeParse(caller)
  if (!parsed.success) return undefined
  const claims = freezeClaims(parsed.data.claims)
  return isRefused(claims) ? undefined : ({ ...parsed.data, claims } as Principal)
}
