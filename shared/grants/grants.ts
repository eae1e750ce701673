import { sharedOnce } from '../azure/once.ts'
import type { Table } from '../azure/table.ts'
import type { Gate } from '../gate.ts'
import type { Principal, Through } from '../identity/principal.ts'
import type { Decision, Question } from '../policy/decision.ts'
import type { KeyRing } from '../tokens/keys/key-ring.ts'
import { type Credentials, createCredentials } from './credential.ts'
import { listGrants } from './list.ts'
import { type Opened, type Opening, openGrant } from './open.ts'
import { inspect, type PresentDeps, type Presented, present } from './present.ts'
import { recall } from './recall.ts'
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
}

/** Access contexts. Methods throw GatewayError; `storage_unavailable` and `keys_unavailable` when nobody can tell. */
export type Grants = {
  /** The root principal of a grant's credential, with its limits; throws `invalid_token`, `approval_required`. */
  present(token: string, provenKey?: string): Promise<Principal>
  /** What a credential stands for, dead or not; throws `invalid_token` for what is none of ours, or has expired. */
  inspect(token: string): Promise<Presented>
  /** The limits of a grant by its id, for what was made through it; throws `access_denied` when it is dead. */
  recall(id: string): Promise<Through>
  open(opening: Opening): Promise<Opened>
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
  const presenting = { ...deps, store, uses, credentials }
  return {
    present: (token, provenKey) => present(token, provenKey, presenting),
    inspect: (token) => inspect(token, presenting),
    recall: (id) => recall(id, presenting),
    open: (opening) => openGrant(opening, { ...deps, store, credentials }),
    list: (wanted) => listGrants({ table, slots }, wanted),
    ...{ store, slots, uses, credentials, maxSeconds },
  }
}
