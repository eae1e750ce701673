import { exportJWK } from 'jose'
import type { Principal } from '../../shared/identity/principal.ts'
import type { TargetKind } from '../../shared/policy/target.ts'
import { createFederationTokens } from '../../shared/tokens/federation-token.ts'
import type { KeyRing } from '../../shared/tokens/keys/key-ring.ts'
import { createSigner } from '../../shared/tokens/keys/signer.ts'
import type { TokenOrder } from '../../shared/tokens/kinds/kind.ts'
import type { TestRig } from './rig.ts'
import { rsaPair } from './rsa-pair.ts'

export const FEDERATION_ISSUER = 'https://gateway.sallyport.test'

/** A gateway's RS256 key without a vault, its public half, and the federation tokens it signs. */
export async function federationKey(now: () => number = Date.now, pair = rsaPair()) {
  const { privateKey, publicKey } = await pair
  const kid = 'federation-1'
  const publicJwk = { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' }
  const signer = await createSigner({ alg: 'RS256', kid, publicJwk, privateKey })
  const keys: Pick<KeyRing, 'signer'> = { signer: async () => signer }
  return {
    jwks: { keys: [publicJwk] },
    keys,
    federation: createFederationTokens({ keys, issuer: FEDERATION_ISSUER, now }),
  }
}

/** Names of this test file's Google: pool and project are also the scope of its faults and counters. */
export function googleNames({ account }: Pick<TestRig, 'account'>) {
  const pool = `${account}google`
  const provider = `projects/123456789012/locations/global/workloadIdentityPools/${pool}/providers/gateway`
  const subject = (target: string) =>
    `principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/${pool}/subject/scope:${target}`
  return { pool, provider, serviceAccount: `reader@${pool}.iam.gserviceaccount.com`, subject }
}

/** What a kind is asked with, in the names of somebody who may. */
export function orderFor<K extends TargetKind>(
  target: TokenOrder<K>['target'],
  changes: Partial<TokenOrder<K>> = {},
): TokenOrder<K> {
  const now = changes.now ?? Date.now()
  const subject = { id: 'oidc:test:YWxpY2U', subject: 'alice', claims: {} } as unknown as Principal
  const notAfter = now + 2 * 3_600_000
  return {
    txn: 't',
    jti: 'j',
    target,
    subject,
    actor: undefined,
    notAfter,
    context: {},
    obligations: {},
    now,
    ...changes,
  }
}
