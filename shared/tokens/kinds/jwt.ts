import { GatewayError } from '../../errors.ts'
import { planJwt, signJwt } from '../jwt-token.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { TokenKind } from './kind.ts'

/** Gateway-signed access tokens; `issuer` is their `iss`. */
export function createJwtKind({ keys, issuer }: { keys: Pick<KeyRing, 'signer'>; issuer: string }): TokenKind<'jwt'> {
  return {
    kind: 'jwt',
    binds: true,
    async plan(order) {
      if (order.path !== undefined) throw new GatewayError('invalid_request', 'path_not_taken', { detail: NO_PATH })
      const plan = planJwt({ ...order, issuer })
      const signer = await keys.signer(order.target.token.algorithm)
      const { jti } = plan.claims
      const { expiresAt } = plan.blastRadius
      // RFC 9449 §5: tells the client that the protection it asked for is there.
      const tokenType = order.context.dpopThumbprint === undefined ? 'Bearer' : 'DPoP'
      return {
        handout: { jti, expiresAt },
        identifiedBy: 'intent',
        async mint() {
          const { token, tokenHash } = await signJwt(plan, signer)
          const handout = { jti, tokenHash, expiresAt }
          return { token, tokenType, blastRadius: plan.blastRadius, handout }
        },
      }
    },
  }
}

/** Said by every kind that takes no `path`. */
export const NO_PATH = '`path` does not apply to this target'
