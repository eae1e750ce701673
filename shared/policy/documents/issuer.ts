import { z } from 'zod'
import { JWT_ALGORITHMS } from '../../identity/issuer.ts'
import { distinct, ENTRA_ISSUER, HttpsUrl, Name, text } from './primitives.ts'

/**
 * Audiences of Microsoft's own services: whoever holds a token for one of them could replay it here, and every managed
 * identity holds one for ARM. The gateway's audience is its own.
 */
const FOREIGN_AUDIENCES = [
  'https://management.azure.com',
  'https://management.core.windows.net',
  'https://management.chinacloudapi.cn',
  'https://management.core.chinacloudapi.cn',
  'https://management.usgovcloudapi.net',
  'https://management.core.usgovcloudapi.net',
  'https://graph.microsoft.com',
  'https://graph.windows.net',
  '00000003-0000-0000-c000-000000000000',
  '00000002-0000-0000-c000-000000000000',
  'https://vault.azure.net',
  'https://storage.azure.com',
  'https://database.windows.net',
  'api://azureadtokenexchange',
  'api://azureadtokenexchangechina',
  'api://azureadtokenexchangeusgov',
  'fb60f99c-7a34-4190-8149-302f77469936',
]

/** Compared without case and trailing slash, which Microsoft's services do not distinguish. */
const isForeign = (audience: string) => FOREIGN_AUDIENCES.includes(audience.toLowerCase().replace(/\/+$/, ''))

const Audience = text(256).refine(
  (audience) => !isForeign(audience),
  'is the audience of another service: callers must ask for a token for this gateway alone',
)

/** A trusted issuer (identity/issuer.ts). */
export const IssuerDocument = z
  .strictObject({
    kind: z.literal('issuer'),
    name: Name,
    issuer: HttpsUrl,
    audiences: distinct(Audience, 20),
    algorithms: distinct(z.enum(JWT_ALGORITHMS), JWT_ALGORITHMS.length),
    principal: z.enum(['entra', 'oidc']),
    jwksUri: HttpsUrl.optional(),
    /** Kubernetes writes `aud` as an array of one; the one still has to be an audience of ours. */
    audienceArray: z.boolean().optional(),
    maxLifetimeSeconds: z.int().min(60).max(2_678_400).optional(),
  })
  .superRefine(
    (document, context) => {
      if (document?.principal !== 'entra' || typeof document.issuer !== 'string') return
      if (document.audienceArray) {
        context.addIssue({
          code: 'custom',
          path: ['audienceArray'],
          message: 'is for OIDC issuers: Entra writes one audience',
        })
      }
      if (ENTRA_ISSUER.test(document.issuer)) return
      const message = 'must name one tenant by its id: https://<host>/<tenant id>/ or https://<host>/<tenant id>/v2.0'
      context.addIssue({ code: 'custom', path: ['issuer'], message })
    },
    { when: () => true },
  )

export type IssuerDocument = z.infer<typeof IssuerDocument>
