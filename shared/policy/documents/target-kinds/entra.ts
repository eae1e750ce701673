import { z } from 'zod'
import { Guid } from '../primitives.ts'
import { isOwnResource } from './own-resources.ts'

/**
 * What an Entra token is for, in one spelling only: an https host in lower case with an optional path, an App ID URI
 * `api://…`, or an application id. No port, user information, query, escape or final dot ever reaches the authority (T8).
 */
export const EntraResource = z
  .string()
  .max(256)
  .regex(
    /^(?:https:\/\/(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,63}(?:\/[A-Za-z0-9._-]*)*|api:\/\/[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/,
    'must be https://<host in lower case>[/path], an App ID URI api://… or an application id in lower case',
  )
  .refine(
    (resource) => !/\/\.(?:default|\.?)(?:\/|$)/i.test(resource),
    'must be a resource without `/.default` or dot segments',
  )

/** An application of its own for one target, trusting the gateway's issuer or an attached identity as a federated credential. */
const Application = z.strictObject({
  tenant: Guid,
  clientId: Guid,
  /** `gateway`: an assertion that the gateway signs, `sub` = `scope:<target>`; else that of an attached identity. */
  assertion: z.union([z.literal('gateway'), z.strictObject({ userAssigned: Guid })]).default('gateway'),
})

/** An Entra token for a resource, as an identity that serves one target; or, guarded, as the gateway itself. */
export const EntraToken = z
  .strictObject({
    kind: z.literal('entra'),
    resource: EntraResource,
    identity: z.union([Application, z.strictObject({ userAssigned: Guid }), z.literal('system')]),
    /** What `system` and `userAssigned` need: the holder speaks as the gateway, for about a day, and nothing revokes it. */
    allowGatewayIdentity: z.literal(true).optional(),
  })
  .superRefine(({ resource, identity, allowGatewayIdentity }, context) => {
    const issue = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
    const isOwn = isGatewayIdentity(identity)
    if (isOwn && !allowGatewayIdentity) issue('identity', 'is the gateway’s own: needs "allowGatewayIdentity": true')
    if (!isOwn && allowGatewayIdentity) issue('allowGatewayIdentity', 'belongs to an identity of the gateway alone')
    if (isOwn && isOwnResource(resource)) {
      issue('resource', 'is never open to the gateway’s own identity: vaults, storage, management, directory, exchange')
    }
  })

export type EntraToken = z.infer<typeof EntraToken>

/** Whether the holder of the token would speak as the gateway. */
export const isGatewayIdentity = (identity: unknown): boolean =>
  identity === 'system' || (typeof identity === 'object' && identity !== null && 'userAssigned' in identity)
