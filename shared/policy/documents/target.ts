import { z } from 'zod'
import { distinct, Name, ResourceUri } from './primitives.ts'
import { AcrToken, acrWrites } from './target-kinds/acr.ts'
import { AwsToken, awsWrites } from './target-kinds/aws.ts'
import { EntraToken } from './target-kinds/entra.ts'
import { EntraFromGoogleToken } from './target-kinds/entra-from-google.ts'
import { GoogleToken } from './target-kinds/google.ts'
import { JwtToken } from './target-kinds/jwt.ts'
import { PasswordToken } from './target-kinds/password.ts'
import { StorageSasToken, sasWrites } from './target-kinds/storage-sas.ts'
import { WebPubSubToken, webPubSubWrites } from './target-kinds/web-pubsub.ts'

/** One schema per kind of token, each in its own file; another kind is one more entry here. */
const Token = z.discriminatedUnion('kind', [
  JwtToken,
  StorageSasToken,
  GoogleToken,
  EntraToken,
  PasswordToken,
  AwsToken,
  EntraFromGoogleToken,
  AcrToken,
  WebPubSubToken,
])

/** What a token may be asked for (target.ts). `access` has no default: it decides between READ and MUTATE. */
export const TargetDocument = z
  .strictObject({
    kind: z.literal('target'),
    name: Name,
    access: z.enum(['read', 'write']),
    token: Token,
    resources: distinct(ResourceUri, 20, 0).default([]),
  })
  .superRefine(({ access, token }, context) => {
    const path = access === 'read' ? writingField(token) : undefined
    if (path) context.addIssue({ code: 'custom', path: ['token', path], message: 'must only read: access is read' })
  })

export type TargetDocument = z.infer<typeof TargetDocument>

/** The field by which a token could change something, in the kinds whose documents tell. */
function writingField(token: z.infer<typeof Token>): string | undefined {
  switch (token.kind) {
    case 'storage-sas':
      return sasWrites(token) ? 'permissions' : undefined
    case 'aws':
      return awsWrites(token) ? 'sessionPolicy' : undefined
    case 'acr':
      return acrWrites(token) ? 'permissions' : undefined
    case 'web-pubsub':
      return webPubSubWrites(token) ? 'roles' : undefined
    default:
      return undefined
  }
}
