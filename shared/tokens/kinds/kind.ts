import type { Handout } from '../../audit/entry.ts'
import type { Principal } from '../../identity/principal.ts'
import type { Obligations, RequestContext } from '../../policy/decision.ts'
import type { TargetKind, TargetOf } from '../../policy/target.ts'
import type { BlastRadius } from '../blast-radius.ts'
import type { Act } from '../delegation.ts'

/** What was decided: everything a kind may look at when it plans a token. */
export type TokenOrder<K extends TargetKind> = {
  txn: string
  /** Chosen before the record, so that the intent can name it. */
  jti: string
  target: TargetOf<K>
  subject: Principal
  /** Who acts for the subject, when somebody else does. */
  actor: Principal | undefined
  /** RFC 8693 §4.1, for kinds whose tokens can say so. */
  act?: Act | undefined
  /** When the first of the tokens ends that came with the request, milliseconds since the epoch. */
  notAfter: number
  /** Space-separated; everything the target offers when absent. */
  scope?: string | undefined
  ttlSeconds?: number | undefined
  /** Narrows storage targets; a kind that takes none refuses it. */
  path?: string | undefined
  /** A token that the caller passed for the target to use: unverified, and says nothing about who calls. */
  passed?: string | undefined
  context: RequestContext
  obligations: Obligations
  /** Milliseconds since the epoch. */
  now: number
}

/** A token as it leaves, in whatever form its kind has. */
export type MintedToken = {
  /** The text that is the credential; for kinds with several parts, the one that matters, the others in `parts`. */
  token: string
  /** RFC 8693 §2.2.1: `Bearer`, `DPoP` where it is bound to a key, or `N_A` for what is no access token (a SAS, cloud credentials). */
  tokenType: 'Bearer' | 'DPoP' | 'N_A'
  /** RFC 8693 §2.2.1 of what is neither access token nor JWT; absent = what was asked for. */
  issuedTokenType?: string
  /** Further members of the answer: `{ url }` of a SAS, `{ accessKeyId, … }` of cloud credentials. */
  parts?: Readonly<Record<string, string>>
  blastRadius: BlastRadius
  /** What identifies it, for the RESULT. */
  handout: Handout
  /** Where the token came from; absent where nothing is cached. */
  source?: 'cache' | 'identity_provider'
}

/** A token that was decided but not made. */
export type TokenPlan = {
  /** What the INTENT names. */
  handout: Handout
  /**
   * `intent`: the intent already identifies what will be handed out, so the RESULT may follow. `result`: only the minted
   * token does (upstream tokens), so the RESULT must be durable before the answer leaves.
   */
  identifiedBy: 'intent' | 'result'
  /** Makes the token. Called once, after the Grant was spent. Throws GatewayError. */
  mint(): Promise<MintedToken>
}

/**
 * One kind of token. `plan` runs after the permit and before the record: whatever can be known to go wrong goes wrong
 * here, nothing leaves, and no upstream is asked for a token. Throws `invalid_scope`, `invalid_request`, …
 */
export type TokenKind<K extends TargetKind = TargetKind> = {
  kind: K
  /** Its tokens are bound to the key that was proved (`context.dpopThumbprint`); without it `requireDpop` refuses the kind. */
  binds?: true
  /** Its targets may take a token that the caller passes; `plan` verifies it. */
  takesPassed?: true
  plan(order: TokenOrder<K>): Promise<TokenPlan>
}
