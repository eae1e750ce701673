import { z } from 'zod'
import { distinct, text } from '../primitives.ts'

/** `projects/<number>/…`: an OIDC provider of a workload identity pool, as Google names it without its host. */
export const GoogleProvider = z
  .string()
  .regex(
    /^projects\/\d{1,19}\/locations\/global\/workloadIdentityPools\/[a-z][a-z0-9-]{2,30}[a-z0-9]\/providers\/[a-z][a-z0-9-]{2,30}[a-z0-9]$/,
    'must be projects/<number>/locations/global/workloadIdentityPools/<pool>/providers/<provider>',
  )

export const GoogleServiceAccount = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{4,28}[a-z0-9]@[a-z][a-z0-9-]{4,28}[a-z0-9]\.iam\.gserviceaccount\.com$/,
    'must be <name>@<project>.iam.gserviceaccount.com in lower case',
  )

/**
 * Who vouches for the target at Google: a token that this gateway signs (`sub` = `scope:<target>`), or one that Entra gives
 * the gateway's managed identity for `entraResource`. The pool's provider names the same issuer.
 */
export const GoogleSubject = {
  subject: z.enum(['gateway', 'entra']).default('gateway'),
  entraResource: z
    .string()
    .regex(/^api:\/\/[A-Za-z0-9._/-]{1,200}$/, 'must be an App ID URI api://…')
    .optional(),
}

const GoogleScope = z
  .string()
  .max(200)
  .regex(/^https:\/\/www\.googleapis\.com\/auth\/[a-z0-9._-]+(?:\/[a-z0-9._-]+)*$/, 'must be a scope of a Google API')

/** Which part of the service account's power on a bucket is left (cloud.google.com/iam/docs/downscoping-short-lived-credentials). */
const BoundaryRule = z.strictObject({
  availableResource: z
    .string()
    .regex(
      /^\/\/storage\.googleapis\.com\/projects\/_\/buckets\/[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/,
      'must be //storage.googleapis.com/projects/_/buckets/<bucket>',
    ),
  availablePermissions: distinct(
    z
      .string()
      .regex(/^inRole:(?:roles|projects\/[a-z0-9-]+\/roles)\/[A-Za-z0-9._]{1,100}$/, 'must be inRole:roles/<role>'),
    20,
  ),
  /** A condition in Google's expression language, evaluated by Google. */
  availabilityCondition: z.strictObject({ expression: text(1_000) }).optional(),
})

/** A Google access token as a service account. */
export const GoogleToken = z
  .strictObject({
    kind: z.literal('google'),
    provider: GoogleProvider,
    ...GoogleSubject,
    serviceAccount: GoogleServiceAccount,
    scopes: distinct(GoogleScope, 20),
    accessBoundary: distinct(BoundaryRule, 10).optional(),
    maxTtlSeconds: z.int().min(60).max(3_600).default(3_600),
  })
  .superRefine(entraNeedsResource)

export type GoogleToken = z.infer<typeof GoogleToken>

export function entraNeedsResource(
  token: { subject?: 'gateway' | 'entra' | undefined; entraResource?: string | undefined },
  context: z.RefinementCtx,
): void {
  if ((token.subject === 'entra') === (token.entraResource !== undefined)) return
  context.addIssue({
    code: 'custom',
    path: ['entraResource'],
    message: 'belongs to "subject": "entra", and to nothing else',
  })
}
