import { GatewayError } from '../errors.ts'
import type { Ask, Grant } from '../gate.ts'
import type { Gateway } from '../gateway.ts'
import type { GatewayResponse } from '../http/endpoint.ts'
import type { Principal } from '../identity/principal.ts'
import type { Sealed } from '../secrets/read.ts'
import { answerRead } from '../secrets/read-answer.ts'
import { secretResource } from '../secrets/secret-ref.ts'
import type { Handle, Maker } from './handle.ts'
import { ONE_TIME, referenceOf } from './make-handle.ts'
import { isRedeemer } from './parties.ts'

type Who = Pick<Ask<unknown>, 'txn' | 'principal' | 'context'>
type Deps = Pick<Gateway, 'admit' | 'secrets' | 'handles' | 'now'>

/**
 * Hands the value out, once: to the redeemer, decided again for the maker, with the maker's claims of then and time, address,
 * reason and purpose of now. Throws `access_denied` (also for a handle that does not exist), `handle_redeemed`,
 * `handle_expired`, and what a read throws.
 */
export async function redeemHandle(deps: Deps, who: Who, id: string): Promise<GatewayResponse> {
  const stored = await deps.handles.read(id)
  if (!stored || !isRedeemer(who.principal, stored.handle)) return notYours(deps, who, id)
  const { handle } = stored
  const ref = { vault: handle.vault, name: handle.name }
  const { maker, refusal } = await makerNow(deps, stored, who.principal)
  const grant = await deps.admit<Sealed>({
    ...{ ...who, principal: maker, action: 'secret:get', resource: secretResource(handle) },
    ...(isPresenter(who.principal, handle) && { presenter: who.principal }),
    satisfies: ONE_TIME,
    prepare: async (obligations) => {
      if (refusal) throw refusal
      await checkOpen(deps, handle)
      const found = await deps.secrets.lookUp(ref, { version: handle.version })(obligations)
      await takeUse(who, handle)
      return { ...found, handout: { ...found.handout, reference: referenceOf(id) } }
    },
  })
  await consume(deps, grant, { id, by: who.principal.id })
  return answerRead(grant, ref, undefined)
}

/** Whoever is not the maker itself, coming the way it came when it made the handle: that is recorded. */
const isPresenter = ({ id, through }: Principal, handle: Handle) =>
  id !== handle.maker || (through !== undefined && through.chain.at(-1) !== handle.through?.grant)

/** Of the grant that the redeemer comes through; unless it is the one whose use was taken when the handle was made. */
async function takeUse({ txn, principal: { through } }: Who, handle: Handle): Promise<void> {
  if (through === undefined || through.chain.at(-1) === handle.through?.grant) return
  await through.use({ txn, action: 'secret:get', resource: secretResource(handle) })
}

/**
 * INVARIANT: between the record and the value. Before the record, an outage of the journal would use the handle up; after the
 * value, two could have it. Who dies in between has lost it, and nobody gets it twice.
 */
async function consume({ handles, now }: Deps, grant: Grant<Sealed>, { id, by }: { id: string; by: string }) {
  try {
    if ((await handles.redeem(id, { by, at: now() })) === 'again') throw redeemed()
  } catch (error) {
    throw grant.failed(error)
  }
}

const redeemed = () => new GatewayError('handle_redeemed', 'handle_redeemed')

async function checkOpen({ handles, now }: Deps, { id, expiresAt, validatedAt }: Handle): Promise<void> {
  if (await handles.redemption(id)) throw redeemed()
  const ends = Math.min(expiresAt, validatedAt + handles.maxSeconds * 1_000)
  if (ends <= now()) throw new GatewayError('handle_expired', 'handle_expired')
}

/** Recorded as a denial; the same question whether it is unknown or another's, so the same answer. */
async function notYours({ admit }: Deps, who: Who, id: string): Promise<never> {
  await admit({
    ...{ ...who, action: 'secret:get', resource: `handle/${id}` },
    prepare: async () => {
      throw new GatewayError('access_denied', 'handle_not_yours')
    },
  })
  throw new GatewayError('internal', 'handle_not_refused')
}

type MakerNow = { maker: Principal; refusal?: GatewayError }

/**
 * The maker as the door is asked about it. What proves a key's possession is what the redeemer presents. INVARIANT: a handle
 * that was made through a grant has the grant's limits and dies with it; its use was taken when it was made.
 */
async function makerNow(
  { handles }: Deps,
  { handle, maker }: { handle: Handle; maker: Maker },
  { boundTo }: Principal,
): Promise<MakerNow> {
  const { expiresAt, validatedAt } = handle
  const direct: Principal = { ...maker, expiresAt, validatedAt, ...(boundTo !== undefined && { boundTo }) }
  if (!handles.isTrusted(maker)) return { maker: direct, refusal: denied('handle_issuer_not_trusted') }
  if (!handle.through) return { maker: direct }
  const { grant, txn } = handle.through
  try {
    const through = await handles.throughOf(grant)
    const use = () => through.use({ txn, action: 'handle:create', resource: secretResource(handle) })
    return { maker: { ...direct, through: { ...through, use } } }
  } catch (error) {
    if (!(error instanceof GatewayError) || !DEAD.has(error.code)) throw error
    return { maker: direct, refusal: error }
  }
}

/** What a dead grant is told, or one whose approvals count no more; recorded as the refusal of the redemption. */
const DEAD: ReadonlySet<string> = new Set(['access_denied', 'approval_required'])

const denied = (reason: string) => new GatewayError('access_denied', reason)
