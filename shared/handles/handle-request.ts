import { z } from 'zod'
import { GatewayError } from '../errors.ts'
import { Ttl } from '../policy/documents/obligations.ts'
import { PrincipalId } from '../policy/documents/primitives.ts'
import { SecretItem } from '../secrets/secret-ref.ts'

/** Body of `POST /v1/handles`. `ttl` is seconds or `90s`, `15m`, `1h`; `redeemer` a principal id, the maker's own by default. */
export const HandleRequest = z.strictObject({
  ...SecretItem.shape,
  ttl: Ttl.optional(),
  redeemer: PrincipalId.optional(),
  reason: z.string().optional(),
})

/** Body of `POST /v1/handles/{id}/redeem`. */
export const RedemptionRequest = z.strictObject({ reason: z.string().optional() })

export type HandleWish = Omit<z.infer<typeof HandleRequest>, 'reason'>

export const HANDLE_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Malformed is `invalid_request` for everybody, so it tells nothing. */
export function handleId(text: string | undefined): string {
  if (text === undefined || !HANDLE_ID.test(text)) {
    const detail = 'a handle is named by the `id` that its maker was given'
    throw new GatewayError('invalid_request', 'handle_id_malformed', { detail })
  }
  return text
}
