import { sharedOnce } from '../azure/once.ts'
import type { Table } from '../azure/table.ts'
import type { Gate } from '../gate.ts'
import type { Principal, Through } from '../identity/principal.ts'
import type { Decision, Question } from '../policy/decision.ts'
import type { KeyRing } from '../tokens/keys/key-ring.ts'
import { createLoadApprovals } from './approval-rows.ts'
import { type Approving, approveGrant } from './approvals.ts'
import type { ReadGrant } from './chain.ts'
import { type Credentials, createCredentials, isCredential } from './credential.ts'
import { aliveNow } from './delegate.ts'
import { type Delegating, delegateGrant } from './delegations.ts'
import { expireStale } from './expire-stale.ts'
import { listGrants } from './list.ts'
import { type Opened, type Opening, openGrant } from './open.ts'
import type { OpenItems } from './open-items.ts'
import { type PresentDeps, present } from './present.ts'
import { presentForRenewal } from './present-for-renewal.ts'
import { recall } from './recall.ts'
import type { TellClone } from './renew.ts'
import { type Renewing, renewGrant } from './renewals.ts'
import { type Revoking, revokeGrants } from './revocations.ts'
import { createSeal } from './seal.ts'
import { createSlots, type Slots } from './slots.ts'
import { createGrantStore, type GrantStore } from './store.ts'
import { createUses, type Uses } from './uses.ts'

export type GrantsDeps = {
  /** Table `grants`. */
  table: Table
  keys: Pick<KeyRing, 'jwks' | 'signer' | 'valueHmac'>
  issuer: string
  maxSeconds: number
  now: () => number
  admit: Gate['admit']
  decide: (question: Question) => Decision
  issuerOf: PresentDeps['issuerOf']
  refused: PresentDeps['refused']
  tampered: PresentDeps['tampered']
  locked: TellClone['locked']
  openItems: OpenItems
}

/** Access contexts. Methods throw GatewayError; `storage_unavailable` and `keys_unavailable` when nobody can tell. */
export type Grants = {
  /** The root principal of a grant's credential, with its limits; throws `invalid_token`, `approval_required`. */
  present(token: string, provenKey?: string): Promise<Principal>
  /** The same where an old credential is heard too; undefined for what is no grant's credential. */
  presentForRenewal(
    token: string,
    provenKey?: string,
  ): Promise<Awaited<ReturnType<typeof presentForRenewal>> | undefined>
  /** The limits of a grant by its id, for what was made through it; throws `access_denied` when it is dead. */
  recall(id: string): Promise<Through>
  open(opening: Opening): Promise<Opened>
  delegate(delegating: Delegating): ReturnType<typeof delegateGrant>
  renew(renewing: Renewing): ReturnType<typeof renewGrant>
  approve(approving: Approving): ReturnType<typeof approveGrant>
  revokeAll(revoking: Revoking): ReturnType<typeof revokeGrants>
  /** Tidies what has ended by its time; for the timer. */
  expireStale(): ReturnType<typeof expireStale>
  list(wanted: Parameters<typeof listGrants>[1]): ReturnType<typeof listGrants>
  store: GrantStore
  slots: Slots
  uses: Uses
  credentials: Credentials
  maxSeconds: number
}

export function createGrants(deps: GrantsDeps): Grants {
  const { table, keys, now, maxSeconds, tampered } = deps
  const seal = sharedOnce(async () => createSeal(await keys.valueHmac()))
  const store = createGrantStore({ table, seal, tampered, maxSeconds })
  const slots = createSlots({ table, store })
  const uses = createUses({ table, store, slots, now })
  const credentials = createCredentials(deps)
  const loadApprovals = createLoadApprovals({ table, seal, decide: deps.decide })
  const presenting = { ...deps, store, uses, credentials, loadApprovals }
  const lifecycle = { ...presenting, seal, alive: (grant: ReadGrant) => aliveNow(grant, now()) }
  return {
    present: (token, provenKey) => present(token, provenKey, presenting),
    presentForRenewal: async (token, provenKey) =>
      isCredential(token) ? presentForRenewal(token, provenKey, lifecycle) : undefined,
    recall: (id) => recall(id, presenting),
    open: (opening) => openGrant(opening, { ...deps, store, credentials }),
    delegate: (delegating) => delegateGrant(delegating, lifecycle),
    renew: (renewing) => renewGrant(renewing, lifecycle),
    approve: (approving) => approveGrant(approving, lifecycle),
    revokeAll: (revoking) => revokeGrants(revoking, lifecycle),
    expireStale: () => expireStale(lifecycle),
    list: (wanted) => listGrants({ table, slots }, wanted),
    ...{ store, slots, uses, credentials, maxSeconds },
  }
}
