import { z } from 'zod'
import type { VersionPatch } from './secret-record.ts'
import type { NewVersion } from './vault-changes.ts'
import { badParameter } from './vault-error.ts'

const MAX_VALUE_BYTES = 25_600
const MAX_CONTENT_TYPE = 255
const MAX_TAGS = 15
const MAX_TAG = 512

const unixTime = z.number().int()

/** Unknown members are ignored, as the service does. */
const Attributes = z.object({ enabled: z.boolean().optional(), nbf: unixTime.optional(), exp: unixTime.optional() })
const Patch = z.object({
  contentType: z.string().max(MAX_CONTENT_TYPE).nullish(),
  attributes: Attributes.nullish(),
  tags: z.record(z.string().max(MAX_TAG), z.string().max(MAX_TAG)).nullish(),
})
const NewSecret = Patch.extend({ value: z.string() })
const Restore = z.object({ value: z.string() })

export function readNewSecret(body: string): NewVersion {
  const { value, ...rest } = parse(NewSecret, body)
  if (Buffer.byteLength(value) > MAX_VALUE_BYTES) {
    throw badParameter('The specified value for property value exceeds the maximum size of 25k bytes.')
  }
  return { value, ...patchOf(rest) }
}

export const readPatch = (body: string): VersionPatch => patchOf(parse(Patch, body))

export const readBackup = (body: string): string => parse(Restore, body).value

function patchOf({ contentType, attributes, tags }: z.infer<typeof Patch>): VersionPatch {
  const { enabled, nbf, exp } = attributes ?? {}
  if (nbf !== undefined && exp !== undefined && exp <= nbf) {
    throw badParameter('The expiration date must be later than the activation date.')
  }
  if (tags && Object.keys(tags).length > MAX_TAGS) throw badParameter(`The number of tags exceeds ${MAX_TAGS}.`)
  return {
    ...(typeof contentType === 'string' && { contentType }),
    ...(enabled !== undefined && { enabled }),
    ...(nbf !== undefined && { nbf }),
    ...(exp !== undefined && { exp }),
    ...(tags && { tags }),
  }
}

function parse<T>(schema: z.ZodType<T>, body: string): T {
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch {
    throw badParameter('The request body is not valid JSON.')
  }
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw badParameter(`Property ${issue?.path.join('.') || 'body'} has an invalid value.`)
}
