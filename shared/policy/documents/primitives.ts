import { z } from 'zod'

/** Letters, digits and inner dashes: safe in keys, URLs, logs and patterns alike. */
const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const GUID_SOURCE = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
const PRINCIPAL_ID = new RegExp(`^(?:entra:${GUID_SOURCE}:${GUID_SOURCE}|oidc:[a-z0-9-]{1,63}:[A-Za-z0-9_-]{1,340})$`)

/** `https://<host>/<tenant id>/` (v1) or `…/v2.0`: one tenant, never `common` (T4). */
export const ENTRA_ISSUER = new RegExp(`^https://[^/]+/${GUID_SOURCE}/(?:v2\\.0)?$`)

/** No controls, no invisible or bidirectional marks, no lone surrogates: it ends up in logs and terminals (T26). */
export const PRINTABLE = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+$/u

export const Name = z.string().regex(NAME, 'must be 1 to 63 of a-z, 0-9 and inner dashes')

export const Guid = z.string().regex(new RegExp(`^${GUID_SOURCE}$`), 'must be a GUID in lower case')

export const PrincipalId = z
  .string()
  .regex(PRINCIPAL_ID, 'must be a principal id: entra:<tenant>:<object id> or oidc:<issuer>:<base64url subject>')

export const text = (max: number) =>
  z.string().min(1).max(max).regex(PRINTABLE, 'must not hold control or invisible characters')

/** Lower-case host, no user information, query or fragment; compared byte for byte, so nothing is normalised. */
export const HttpsUrl = z
  .string()
  .max(512)
  .refine(isPlainHttpsUrl, 'must be an https URL without user information, query or fragment')

/** An absolute URI without a fragment (RFC 8707 §2). */
export const ResourceUri = text(512).refine(isAbsoluteUri, 'must be an absolute URI without a fragment')

export const Instant = z.iso.datetime({ offset: true, error: 'must be an RFC 3339 time' })

/** Non-empty, bounded, without repetition; the pointer names the repeated item. */
export function distinct<T extends z.ZodType>(item: T, max: number, min = 1) {
  return z
    .array(item)
    .min(min)
    .max(max)
    .superRefine(
      (items, context) => {
        if (!Array.isArray(items)) return
        const seen = new Set<string>()
        for (const [at, value] of items.entries()) {
          const key = JSON.stringify(value)
          if (seen.has(key)) context.addIssue({ code: 'custom', path: [at], message: 'is there twice' })
          seen.add(key)
        }
      },
      { when: () => true },
    )
    .meta({ uniqueItems: true })
}

function isPlainHttpsUrl(value: string): boolean {
  if (!/^https:\/\/[a-z0-9.-]+(?::\d{1,5})?(?:\/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?$/.test(value)) return false
  return URL.canParse(value) && !new URL(value).pathname.includes('//')
}

function isAbsoluteUri(value: string): boolean {
  return /^[a-z][a-z0-9+.-]*:[^\s#]+$/.test(value) && URL.canParse(value)
}
