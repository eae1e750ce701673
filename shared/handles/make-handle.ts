import { GatewayError } from '../errors.ts'
import type { Ask, Grant } from '../gate.ts'
import type { Gateway } from '../gateway.ts'
import type { Principal } from '../identity/principal.ts'
import type { Satisfied } from '../policy/unmet-obligation.ts'
import { type Sealed, spendUnchanged } from '../secrets/read.ts'
import { secretResource } from '../secrets/secret-ref.ts'
import { type Handle, makerOf } from './handle.ts'
import type { HandleWish } from './handle-request.ts'

const DEFAULT_TTL_SECONDS = 300

/** What a handle satisfies, when it is made and when it is redeemed. */
export const ONE_TIME: Satisfied = new Set(['oneTime'])

export const referenceOf = (id: string) => `handle:${id}`

type Making = {
  caller: Pick<Ask<unknown>, 'txn' | 'principal' | 'context'>
  wish: HandleWish
  /** `Attempt` of shared/http/idempotency.ts; its id becomes the handle's. */
  attempt: { id: string; answered: boolean }
}

/**
 * Makes a handle: `handle:create` and `secret:get` are decided and recorded, the second as `<txn>.1`, and the obligations of
 * both hold. The secret is looked up, so that nobody waits for what is not there; its value is not opened.
 */
export async function makeHandle(gateway: Pick<Gateway, 'admit' | 'secrets' | 'handles' | 'now'>, making: Making) {
  const { caller, wish, attempt } = making
  const { vault, name, version } = wish
  const resource = secretResource({ vault, name })
  const named = { vault, name, ...(version !== undefined && { version }), reference: referenceOf(attempt.id) }
  const about = { ...caller, resource, satisfies: ONE_TIME }
  const prepare = async () => ({ handout: named, sealed: undefined })
  const made = await gateway.admit({ ...about, action: 'handle:create', prepare })
  try {
    const read = await gateway.admit<Sealed>({
      ...about,
      txn: `${caller.txn}.1`,
      // One handle takes one use: the one that `handle:create` has just taken.
      principal: withoutUse(caller.principal),
      action: 'secret:get',
      prepare: async (obligations) => {
        const lookUp = gateway.secrets.lookUp({ vault, name }, { version, isKnown: () => true })
        const { sealed, handout } = await lookUp(obligations)
        return { sealed, handout: { ...handout, reference: named.reference } }
      },
    })
    const handle = await keep(gateway, making, { made, read }).catch((error: unknown) => {
      throw read.failed(error)
    })
    read.succeeded()
    made.succeeded({ reference: named.reference, expiresAt: new Date(handle.expiresAt).toISOString() })
    return { handle, receipt: made.receipt }
  } catch (error) {
    throw made.failed(error)
  }
}

async function keep(
  { handles, now }: Pick<Gateway, 'handles' | 'now'>,
  { caller: { txn, principal }, wish, attempt }: Making,
  { made, read }: { made: Grant; read: Grant<Sealed> },
): Promise<Handle> {
  const { vault, name, version, ttl = DEFAULT_TTL_SECONDS, redeemer = principal.id } = wish
  made.spend('handle:create', secretResource(wish))
  spendUnchanged(read, wish)
  // A handle that was redeemed and removed since must not come back (T42).
  if (attempt.answered) return again(handles, attempt.id)
  const seconds = [ttl, made.obligations.maxTtlSeconds, read.obligations.maxTtlSeconds].filter(
    (one) => one !== undefined,
  )
  const ends = [
    now() + Math.min(...seconds) * 1_000,
    principal.validatedAt + handles.maxSeconds * 1_000,
    ...(principal.through ? [principal.expiresAt] : []),
  ]
  const grant = principal.through?.chain.at(-1)
  const handle: Handle = {
    ...{ id: attempt.id, vault, name, ...(version !== undefined && { version }) },
    ...{
      maker: principal.id,
      redeemer,
      madeAt: now(),
      expiresAt: Math.min(...ends),
      validatedAt: principal.validatedAt,
    },
    ...(grant !== undefined && { through: { grant, txn } }),
  }
  return handles.insert(handle, makerOf(principal))
}

async function again(handles: Gateway['handles'], id: string): Promise<Handle> {
  const stored = await handles.read(id)
  if (!stored) throw new GatewayError('idempotency_expired', 'made_handle_gone')
  return stored.handle
}

function withoutUse(principal: Principal): Principal {
  return principal.through ? { ...principal, through: { ...principal.through, use: async () => undefined } } : principal
}
