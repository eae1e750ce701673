import { z } from 'zod'
import type { SecretMetadata } from './metadata.ts'
import { SecretItem, type SecretRef } from './secret-ref.ts'
import { SECRET_VERSION } from './vault.ts'

const MAX_LIMIT = 200
const DEFAULT_LIMIT = 100

/** How many items of a list a caller wants at a time. */
export const limit = z
  .string()
  .regex(/^\d{1,3}$/)
  .transform(Number)
  .refine((count) => count >= 1 && count <= MAX_LIMIT, `must be 1 to ${MAX_LIMIT}`)
  .default(DEFAULT_LIMIT)
  .meta({ type: 'integer', minimum: 1, maximum: MAX_LIMIT })

/** An opaque position is the last secret or version the caller has seen, so it tells nothing new; text that is none is refused. */
const position = (shape: RegExp) =>
  z
    .string()
    .max(256)
    .transform((text) => Buffer.from(text, 'base64url').toString('utf8'))
    .refine((text) => shape.test(text), 'is not a position of this list')
    .optional()

const LISTED_SECRET = /^[a-z][a-z0-9-]{0,30}\/[0-9a-z-]{1,127}$/

/** Query of the list of secrets: of one vault, or of all. */
export const ListSecretsQuery = z.strictObject({
  vault: SecretItem.shape.vault.optional(),
  prefix: z
    .string()
    .regex(/^[0-9a-zA-Z-]{0,127}$/)
    .toLowerCase()
    .default(''),
  limit,
  after: position(LISTED_SECRET).transform((text) => (text === undefined ? undefined : listedSecret(text))),
})

function listedSecret(text: string): SecretRef {
  const [vault = '', name = ''] = text.split('/')
  return { vault, name }
}

/** The position of a secret in the list, as `after` takes it. */
export const positionOf = ({ vault, name }: SecretRef): string => `${vault}/${name}`

/** Query of the list of a secret's versions. */
export const VersionsQuery = z.strictObject({ limit, after: position(SECRET_VERSION) })

/** The versions that follow the position; none when the version it names has gone. */
export function pageOf(
  versions: readonly SecretMetadata[],
  { limit, after }: { limit: number; after?: string | undefined },
): { value: SecretMetadata[]; next: string | undefined } {
  const at = after === undefined ? -1 : versions.findIndex(({ version }) => version === after)
  if (after !== undefined && at < 0) return { value: [], next: undefined }
  const value = versions.slice(at + 1, at + 1 + limit)
  return { value, next: at + 1 + limit < versions.length ? value.at(-1)?.version : undefined }
}

export type Link = { origin: string; path: string; query: URLSearchParams; next: string | undefined }

/** `{ value, nextLink? }`; the link is built on the gateway's own name (`frontDoor`; the issuer may be a page elsewhere), never on the request's Host. */
export function answerPage<T>(value: readonly T[], { origin, path, query, next }: Link) {
  if (next === undefined) return { value }
  const link = new URL(`${origin}${path}`)
  for (const [name, text] of query) link.searchParams.set(name, text)
  link.searchParams.set('after', Buffer.from(next, 'utf8').toString('base64url'))
  return { value, nextLink: link.href }
}
