import { z } from 'zod'
import { distinct } from '../primitives.ts'

const ACTIONS = ['pull', 'push', 'delete', 'metadata_read', 'metadata_write'] as const

/** An access token of Azure Container Registry for one repository (azure.github.io/acr/AAD-OAuth.html). */
export const AcrToken = z.strictObject({
  kind: z.literal('acr'),
  /** Login server. */
  registry: z
    .string()
    .regex(
      /^[a-z0-9]{5,50}(?:-[a-z0-9]{1,20})?\.azurecr\.(?:io|cn|us)$/,
      'must be a login server like contoso.azurecr.io',
    ),
  /** OCI repository name; a `*` would be every repository, so there is none. */
  repository: z
    .string()
    .max(255)
    .regex(
      /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/,
      'must be the name of one repository',
    ),
  permissions: distinct(z.enum(ACTIONS), ACTIONS.length),
})

export type AcrToken = z.infer<typeof AcrToken>

/** Whether its tokens can change the repository. */
export const acrWrites = ({ permissions }: AcrToken): boolean =>
  permissions.some((permission) => permission !== 'pull' && permission !== 'metadata_read')
