import { isDeepStrictEqual } from 'node:util'
import { decisionInputs } from './audit/decision-inputs.ts'
import type { DecidedEntry, Entry, EntryPrincipal, Handout, Journal, Receipt } from './audit/entry.ts'
import { GatewayError } from './errors.ts'
import type { Principal } from './identity/principal.ts'
import { ACTIONS, type Action } from './policy/actions.ts'
import type { Decision, Obligations, Question, RequestContext } from './policy/decision.ts'
import { judge } from './policy/judge.ts'
import { isLimited, type Limits, type Party } from './policy/limits/limits.ts'
import { type Satisfied, unmetObligation } from './policy/unmet-obligation.ts'

/** What `prepare` looked up after the decision: what the intent must name, and a sealed thing that only the Grant opens. */
export type Prepared<T> = { handout: Handout; sealed: T }

export type Ask<T> = {
  txn: string
  principal: Principal
  /** Who acts for the principal (RFC 8693 §4.1): asked the same question, must be permitted itself, stands in the same entry. */
  actor?: Principal
  action: Action
  resource: string
  context: RequestContext
  /** Runs after a permit and before the record; must reveal nothing. A GatewayError it throws is recorded as a denial. */
  prepare?: (obligations: Obligations) => Promise<Prepared<T>>
  /** What the way of asking already satisfies, such as a one-time handle `oneTime`. */
  satisfies?: Satisfied
  /** A right that needs no permit: whoever holds a token may introspect and revoke it. Any forbid still wins. */
  entitled?: 'holder'
  /** It opens a break-glass grant (Question). */
  breakGlass?: true
  /** Who shows what the principal made for it (a handle): recorded, and asked nothing. */
  presenter?: Principal
}

type Issued<T> = { ask: Ask<T>; decision: Decision; receipt: Receipt; sealed: T; journal: Journal; now: () => number }

let issue: <T>(issued: Issued<T>) => Grant<T>

/** Proof that one act was decided and durably recorded. Unforgeable (private constructor), good for one spend on its own action and resource. */
export class Grant<T = unknown> {
  readonly txn: string
  readonly principal: Principal
  readonly obligations: Obligations
  readonly receipt: Receipt
  /** What `prepare` looked up; opaque until the Grant is spent. */
  readonly sealed: T
  readonly #issued: Issued<T>
  #spent = false

  private constructor(issued: Issued<T>) {
    this.#issued = issued
    this.txn = issued.ask.txn
    this.principal = issued.ask.principal
    this.obligations = issued.decision.obligations
    this.receipt = issued.receipt
    this.sealed = issued.sealed
  }

  static {
    issue = (issued) => new Grant(issued)
  }

  /** Consumes the grant. Throws when it was spent before or was given for another act: a bug, so nothing leaves. */
  spend(action: Action, resource: string): void {
    const { ask } = this.#issued
    if (ask.action !== action || ask.resource !== resource) throw new GatewayError('internal', 'grant_for_another_act')
    if (this.#spent) throw new GatewayError('internal', 'grant_spent_twice')
    this.#spent = true
  }

  /** Lets the RESULT follow asynchronously: enough where the intent already names what was handed out. */
  succeeded(handout?: Handout): void {
    this.#issued.journal.follow(this.#result('ok', undefined, handout))
  }

  /** Records a durable RESULT before the answer leaves: for what exists only after the act (tokens minted upstream). */
  async succeededDurably(handout: Handout): Promise<void> {
    await this.#issued.journal.record(this.#result('ok', undefined, handout))
  }

  /** Records that the act failed, by the error's internal tag; gives the error to throw, with the receipt of the intent. */
  failed(error: unknown): unknown {
    const known = error instanceof GatewayError ? error : undefined
    this.#issued.journal.follow(this.#result('failed', known?.reason ?? 'unexpected_error'))
    return known ? withReceipt(known, this.receipt) : error
  }

  #result(outcome: 'ok' | 'failed', reason?: string, handout?: Handout): Entry {
    const { txn } = this.#issued.ask
    const time = new Date(this.#issued.now()).toISOString()
    return { kind: 'result', txn, time, outcome, ...(reason && { reason }), ...(handout && { handout }) }
  }
}

export type GateDeps = {
  /** Decides against the policy set in force, as of `at` (milliseconds); throws `policy_unavailable` when that is too old. */
  decide: (question: Question, at: number) => Decision
  /** Re-reads the policy revision in storage and reloads when it moved; MUTATE acts call it just before they act. */
  refreshPolicy: () => Promise<void>
  journal: Journal
  /** Rates and quotas of permits. */
  limits: Pick<Limits, 'take'>
  now: () => number
}

export type Gate = {
  /** The one door: decide → record INTENT durably → Grant. Throws GatewayError; a refusal has been recorded when it does. */
  admit<T = undefined>(ask: Ask<T>): Promise<Grant<T>>
  /**
   * The door for lists: decides every candidate, leaves out what is not permitted or has an unmet obligation, records one
   * INTENT that counts what is shown, and seals the rest in a Grant. Nobody is refused a list, it may be empty; but one that
   * a rate or quota of its permits would cut short is a 429: what is missing would look like what is gone.
   */
  admitList<T>(ask: ListAsk<T>, candidates: () => Promise<Candidate<T>[]>): Promise<Grant<T[]>>
}

/** Nobody lists for somebody else. */
export type ListAsk<T> = Omit<Ask<T[]>, 'prepare' | 'actor'>

/** One thing a list may show, and the resource its permission is decided on. */
export type Candidate<T> = { resource: string; item: T; entitled?: 'holder' }

/** Header of every answer for which a journal entry was written: the caller's evidence. */
export const receiptHeader = ({ wid, seq, macPrefix }: Receipt) => ({
  'X-Sallyport-Receipt': `${wid};${seq};${macPrefix}`,
})

/** Builds the door. Order is the product's promise: decide before look-up, record before anything leaves. */
export function createGate({ decide, refreshPolicy, journal, limits, now }: GateDeps): Gate {
  return {
    async admit<T>(ask: Ask<T>): Promise<Grant<T>> {
      const mutates = ACTIONS[ask.action].mask === 'MUTATE'
      if (mutates) await refreshPolicy()
      const { decision, recorded } = ruleOn(ask)
      const refuse = (error: unknown) => refuseRecorded(error, ask, recorded)
      if (decision.effect === 'deny') return refuse(new GatewayError('access_denied', decision.reason))
      const unmet = unmetObligation(decision.obligations, ask)
      if (unmet) return refuse(unmet)
      if (isLimited(decision.obligations)) await limits.take(ask.txn, partiesOf(ask, recorded)).catch(refuse)
      const prepared = await ask.prepare?.(decision.obligations).catch(refuse)
      await takeUses(ask).catch(refuse)
      const handout = prepared?.handout
      const receipt = await journal.record(decided('intent', ask, recorded, now(), handout && { handout }))
      const grant = issue<T>({ ask, decision, receipt, sealed: prepared?.sealed as T, journal, now })
      if (mutates) await stillPermitted(grant, ask)
      return grant
    },
    async admitList<T>(ask: ListAsk<T>, candidates: () => Promise<Candidate<T>[]>): Promise<Grant<T[]>> {
      const shown: T[] = []
      const statementIds = new Set<string>()
      const limited: Party[] = []
      const at = now()
      const about = decide(ask, at)
      for (const { resource, item, entitled } of await candidates()) {
        const question = { ...ask, resource, ...(entitled && { entitled }) }
        const { decision } = judge(question, (each) => decide(each, at))
        if (decision.effect === 'deny' || unmetObligation(decision.obligations, ask)) continue
        shown.push(item)
        for (const id of decision.statementIds) statementIds.add(id)
        if (isLimited(decision.obligations)) limited.push({ principalId: ask.principal.id, decision })
      }
      const decision: Decision = {
        effect: 'permit',
        reason: 'filtered_list',
        statementIds: [...statementIds],
        reported: about.reported,
        obligations: {},
        revision: about.revision,
      }
      if (limited.length > 0) {
        await limits.take(ask.txn, limited).catch((error: unknown) => refuseRecorded(error, ask, { decision }))
      }
      await takeUses(ask).catch((error: unknown) => refuseRecorded(error, ask, { decision }))
      const handout = { reference: `items:${shown.length}` }
      const receipt = await journal.record(decided('intent', ask, { decision }, now(), { handout }))
      return issue<T[]>({ ask, decision, receipt, sealed: shown, journal, now })
    },
  }

  /** Throws the error with the receipt of its denial; one that is no refusal of ours as it is. */
  async function refuseRecorded<T>(error: unknown, ask: Ask<T> | ListAsk<T>, recorded: Recorded): Promise<never> {
    if (!(error instanceof GatewayError)) throw error
    throw withReceipt(error, await journal.record(decided('denial', ask, recorded, now(), { refusal: error.reason })))
  }

  /** What is recorded is what principal and actor were told each, and when. */
  function ruleOn<T>(ask: Ask<T>): { decision: Decision; recorded: Recorded } {
    const at = now()
    const { decision, principal, actor } = judge(ask, (question) => decide(question, at))
    const acting = ask.actor && actor && { actor: { principal: entryPrincipal(ask.actor), decision: actor } }
    return { decision, recorded: { decision: principal, time: new Date(at).toISOString(), ...acting } }
  }

  /** T11: policy, or a grant, may have changed while the intent was written; a change that denies stops the act. */
  async function stillPermitted<T>(grant: Grant<T>, ask: Ask<T>): Promise<void> {
    try {
      await refreshPolicy()
      const again = ruleOn(ask).decision
      if (again.effect === 'deny') throw new GatewayError('access_denied', 'policy_changed_meanwhile')
      // What is about to happen was prepared under the old ones: a shorter life, a handle or an approval may be asked now.
      if (!isDeepStrictEqual(again.obligations, grant.obligations)) {
        throw new GatewayError('policy_unavailable', 'obligations_changed_meanwhile', { retryAfterSeconds: 1 })
      }
      // The same obligations may be met no more: an approver may have lost its permit.
      const unmet = unmetObligation(again.obligations, ask)
      if (unmet) throw unmet
      // Of the same act: it is read again, and no second use is taken.
      await takeUses(ask)
    } catch (error) {
      throw grant.failed(error)
    }
  }
}

const withReceipt = ({ code, reason, extras }: GatewayError, receipt: Receipt) =>
  new GatewayError(code, reason, { ...extras, headers: { ...extras.headers, ...receiptHeader(receipt) } })

/**
 * Each grant that principal or actor came through is read again and, where its uses are counted, spent. INVARIANT: before the
 * record and before anything leaves: whatever fails afterwards loses a use and never gives one (T12).
 */
async function takeUses({ txn, principal, actor, action, resource }: Omit<Ask<unknown>, 'prepare'>): Promise<void> {
  for (const through of [principal.through, actor?.through]) await through?.use({ txn, action, resource })
}

/** Each is counted by what it was told itself. */
function partiesOf({ principal, actor }: Ask<unknown>, { decision, actor: acting }: Recorded): Party[] {
  const subject = { principalId: principal.id, decision }
  return actor && acting ? [subject, { principalId: actor.id, decision: acting.decision }] : [subject]
}

/** `time`: of the decision, so that a replay decides at that very moment. */
type Recorded = Pick<DecidedEntry, 'decision' | 'actor'> & { time?: string }

function decided<T>(
  kind: 'intent' | 'denial',
  ask: Ask<T>,
  recorded: Recorded,
  at: number,
  rest: { handout?: Handout; refusal?: string } = {},
): Entry {
  const { txn, principal, actor, presenter, action, resource, context } = ask
  const chain = [...(principal.through?.chain ?? []), ...(actor?.through?.chain ?? [])]
  return {
    kind,
    txn,
    time: recorded.time ?? new Date(at).toISOString(),
    principal: entryPrincipal(principal),
    ...(chain.length > 0 && { grantChain: chain }),
    ...((ask.breakGlass || principal.through?.breakGlass) && { breakGlass: true }),
    ...(presenter && { presenter: presenter.id }),
    ...(presenter?.through && { presenterChain: presenter.through.chain }),
    action,
    resource,
    context,
    ...decisionInputs(ask),
    ...recorded,
    ...rest,
  }
}

function entryPrincipal(principal: Principal): EntryPrincipal {
  const { id, issuerName, kind, appId, tokenId, boundTo, partial, groups, roles, claims } = principal
  const bound = boundTo !== undefined && { boundTo }
  const optional = { ...(appId && { appId }), ...(tokenId && { tokenId }), ...bound, ...(partial && { partial }) }
  return { id, issuerName, kind, ...optional, groups, roles, claims }
}
