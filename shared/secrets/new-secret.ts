import { z } from 'zod'
import { Secret } from './secret.ts'
import { checkTemplateTags } from './template-tags.ts'
import type { NewSecret } from './vault.ts'

/** The service's limits: 25 kB a value, 15 tags (one is ours) of 512 characters, 255 characters of content type. */
const MAX_VALUE_BYTES = 25_600
const MAX_TAGS = 14
const MAX_TAG_LENGTH = 512
const MAX_CONTENT_TYPE_LENGTH = 255
/** 2038-01-19T03:14:07Z: later times do not fit what the vault's client sends. */
const LATEST_MS = 2_147_483_647_000

/** A PUT's body at most: a value whose every byte is escaped, and the rest. */
export const MAX_BODY_BYTES = 6 * MAX_VALUE_BYTES + 64 * 1024

const time = z.iso
  .datetime({ offset: true })
  .transform((text) => Date.parse(text))
  .refine((at) => at >= 1_000 && at <= LATEST_MS, 'must lie before 2038-01-19T03:14:07Z')

/** A value may be of several lines; lone surrogates would arrive as something else. */
const wellFormed = (max: number) =>
  z
    .string()
    .max(max)
    .refine((value) => value.isWellFormed(), 'must be well-formed text')

/** What is shown beside a value: no controls, which would forge lines wherever it is printed (T26). */
const label = (max: number) =>
  wellFormed(max).refine((value) => !/\p{Cc}/u.test(value), 'must hold no control characters')

/** Tags under this prefix are the gateway's own word about a version. */
const RESERVED_TAG = 'sallyport-'

const Tags = z
  .record(label(MAX_TAG_LENGTH).min(1), label(MAX_TAG_LENGTH))
  .refine((tags) => Object.keys(tags).length <= MAX_TAGS, 'must be at most 14')
  .refine(
    (tags) => !Object.keys(tags).some((name) => name.toLowerCase().startsWith(RESERVED_TAG)),
    'must not start with sallyport-',
  )
  .superRefine(checkTemplateTags)

/** Body of PUT: the value is sealed as it is read. A lone surrogate is refused: the vault would keep another text. */
export const NewSecretBody = z
  .strictObject({
    value: wellFormed(MAX_VALUE_BYTES)
      .min(1)
      .refine((value) => Buffer.byteLength(value) <= MAX_VALUE_BYTES, 'must be at most 25,600 bytes')
      .transform((value) => new Secret(value)),
    contentType: label(MAX_CONTENT_TYPE_LENGTH).optional(),
    expires: time.optional(),
    notBefore: time.optional(),
    tags: Tags.optional(),
  })
  .refine(
    ({ expires, notBefore }) => expires === undefined || notBefore === undefined || notBefore < expires,
    'notBefore must lie before expires',
  )
  .transform(
    ({ value, contentType, expires, notBefore, tags }): NewSecret => ({
      value,
      ...(contentType !== undefined && { contentType }),
      ...(expires !== undefined && { expires }),
      ...(notBefore !== undefined && { notBefore }),
      ...(tags && { tags }),
    }),
  )
