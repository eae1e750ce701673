import { GatewayError } from '../errors.ts'
import type { Grant, Prepared } from '../gate.ts'
import type { Principal } from '../identity/principal.ts'
import type { Obligations, Question } from '../policy/decision.ts'
import type { Target } from '../policy/target.ts'
import { delegate } from './delegation.ts'
import { checkExchangeable } from './exchangeable.ts'
import type { MintedToken, TokenKind, TokenOrder, TokenPlan } from './kinds/kind.ts'
import type { OwnToken } from './own-token.ts'
import { actionOf, type TargetDirectory, type TokenAction } from './target-name.ts'

/** A token that was decided but not made: sealed in the Grant. INVARIANT: it is made only by spending that Grant. */
export type PlannedToken = {
  target: Target
  identifiedBy: TokenPlan['identifiedBy']
  mint(grant: Grant): Promise<MintedToken>
}

export type WantedToken = Omit<TokenOrder<never>, 'target' | 'act' | 'obligations' | 'now'> & {
  name: string
  action: TokenAction
  caller: Principal
  /** The subject token, when it is an access token of ours. */
  exchanged?: OwnToken
}

export type Kinds = ReadonlyMap<string, TokenKind>

export type PlanDeps = {
  directory: TargetDirectory
  kinds: Kinds
  /** The gateway's own `iss`. */
  issuer: string
  permits(question: Question): boolean
  obligations: Obligations
  now: number
}

/**
 * Runs after the permit and before the record (`prepare` of the door): everything that can go wrong goes wrong here, so
 * that the intent names a token that will exist. Throws `access_denied` for a target that does not exist,
 * `invalid_subject_token` for a delegation or exchange that must not be, and what the kind throws.
 */
export async function planToken(wanted: WantedToken, deps: PlanDeps): Promise<Prepared<PlannedToken>> {
  const { name, action } = wanted
  // Looked up anew: the door may just have read a newer policy, in which the target is gone or has become a write target.
  const target = deps.directory.target(name)
  if (!target) throw new GatewayError('access_denied', 'target_unknown')
  if (actionOf(target) !== action) throw new GatewayError('access_denied', 'target_changed')
  const { exchanged, caller } = wanted
  if (exchanged) checkExchangeable({ token: exchanged, caller, wanted: name }, deps)
  if (slipsGrant(wanted)) throw new GatewayError('invalid_subject_token', 'caller_through_another_grant')
  const delegation = delegate(wanted.subject, wanted.actor, deps.issuer)
  if ('fault' in delegation) throw new GatewayError('invalid_subject_token', delegation.fault)
  const { obligations, now } = deps
  const kind = kindOf(deps.kinds, target)
  // What others mint carries no `cnf`: a proof that binds nothing must not satisfy an obligation to bind.
  if (obligations.requireDpop && !kind.binds) throw new GatewayError('dpop_required', 'kind_not_bound')
  if (wanted.passed !== undefined && !kind.takesPassed) {
    throw new GatewayError('invalid_subject_token', 'passed_token_not_taken')
  }
  const { handout, identifiedBy, mint } = await kind.plan({ ...wanted, ...delegation, target, obligations, now })
  const resource = `token/${name}`
  const spendAndMint = (grant: Grant) => {
    grant.spend(action, resource)
    return mint()
  }
  return { handout, sealed: { target, identifiedBy, mint: spendAndMint } }
}

/**
 * Where caller and subject are one principal nobody acts, so the door asks the subject alone. INVARIANT: then the grant that the
 * caller came through must be the subject's too, or its mask, uses and record would be left out (T13).
 */
function slipsGrant({ subject, caller }: Pick<WantedToken, 'subject' | 'caller'>): boolean {
  if (subject.id !== caller.id || !caller.through) return false
  return caller.through.chain.at(-1) !== subject.through?.chain.at(-1)
}

function kindOf(kinds: Kinds, { token }: Target): TokenKind {
  const kind = kinds.get(token.kind)
  if (!kind) throw new GatewayError('internal', 'token_kind_not_registered')
  return kind
}
