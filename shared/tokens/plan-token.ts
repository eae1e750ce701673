import { GatewayError } from '../errors.ts'
import type { Prepared } from '../gate.ts'
import type { Principal } from '../identity/principal.ts'
import type { Obligations } from '../policy/decision.ts'
import { type JwtPlan, planJwt } from './jwt-token.ts'
import type { KeyRing } from './keys/key-ring.ts'
import type { Signer } from './keys/signer.ts'
import { actionOf, type TargetDirectory, type TokenAction } from './target-name.ts'

/** A token that was decided but not made: sealed in the Grant. */
export type PlannedToken = { action: TokenAction; resource: string; target: string; plan: JwtPlan; signer: Signer }

export type WantedToken = {
  txn: string
  jti: string
  issuer: string
  name: string
  action: TokenAction
  subject: Principal
  actor: Principal | undefined
  /** When the first of the tokens ends that came with the request, milliseconds since the epoch. */
  notAfter: number
  scope?: string | undefined
  ttlSeconds?: number | undefined
  path?: string | undefined
}

export type PlanDeps = { directory: TargetDirectory; keys: KeyRing; obligations: Obligations; now: number }

/**
 * Runs after the permit and before the record (`prepare` of the door): everything that can go wrong goes wrong here, so
 * that the intent names the `jti` of a token that will exist. Throws `access_denied` for a target that does not exist,
 * `invalid_scope`, `invalid_request`, `invalid_subject_token` or `keys_unavailable`.
 */
export async function planToken(wanted: WantedToken, deps: PlanDeps): Promise<Prepared<PlannedToken>> {
  const { name, action } = wanted
  // Looked up anew: the door may just have read a newer policy, in which the target is gone or has become a write target.
  const target = deps.directory.target(name)
  if (!target) throw new GatewayError('access_denied', 'target_unknown')
  if (actionOf(target) !== action) throw new GatewayError('access_denied', 'target_changed')
  if (wanted.path !== undefined) throw new GatewayError('invalid_request', 'path_not_taken', { detail: NO_PATH })
  const plan = planJwt({ ...wanted, ...deps, target })
  const signer = await deps.keys.signer(target.token.algorithm)
  const handout = { jti: plan.claims.jti, expiresAt: plan.blastRadius.expiresAt }
  return { handout, sealed: { action, resource: `token/${name}`, target: name, plan, signer } }
}

const NO_PATH = '`path` does not apply to this target'
