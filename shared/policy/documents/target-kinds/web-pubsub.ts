import { z } from 'zod'
import { distinct } from '../primitives.ts'

/** A group's name ends up in a role after a dot, so it holds no character that could make another role of it. */
const GROUP = '[A-Za-z0-9_-]{1,128}'

/**
 * A client access token of Azure Web PubSub
 * (learn.microsoft.com/azure/azure-web-pubsub/howto-generate-client-access-url).
 */
export const WebPubSubToken = z.strictObject({
  kind: z.literal('web-pubsub'),
  /** Origin of the service. */
  endpoint: z
    .string()
    .regex(
      /^https:\/\/[a-z0-9](?:[a-z0-9-]{1,61}[a-z0-9])\.webpubsub\.azure\.(?:com|cn|us)$/,
      'must be an origin like https://contoso.webpubsub.azure.com',
    ),
  hub: z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,127}$/, 'must be the name of a hub'),
  /** What the client may do from the start. Without any it only receives, and sends events to its server. */
  roles: distinct(
    z
      .string()
      .regex(
        new RegExp(`^webpubsub\\.(?:joinLeaveGroup|sendToGroup)(?:\\.${GROUP})?$`),
        'must be webpubsub.joinLeaveGroup or webpubsub.sendToGroup, with a group behind a dot or without',
      ),
    50,
    0,
  ).default([]),
  /** Groups that it joins when it connects. */
  groups: distinct(
    z.string().regex(new RegExp(`^${GROUP}$`), 'must be 1 to 128 of letters, digits, _ and -'),
    50,
    0,
  ).default([]),
  /** Under whose name it connects: the caller's principal id, or none. */
  userId: z.enum(['caller', 'none']).default('caller'),
  maxTtlSeconds: z.int().min(60).max(3_600).default(3_600),
})

export type WebPubSubToken = z.infer<typeof WebPubSubToken>

/** Whether a client could send to others. */
export const webPubSubWrites = ({ roles }: WebPubSubToken): boolean =>
  roles.some((role) => role.startsWith('webpubsub.sendToGroup'))
