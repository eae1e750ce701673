import type { Handout, Receipt } from '../audit/entry.ts'
import { GatewayError } from '../errors.ts'
import type { Ask, Gate, Grant } from '../gate.ts'
import type { Obligations } from '../policy/decision.ts'
import { tighten } from '../policy/obligations.ts'

/** One act that was asked about on several resources: decided and recorded on each, done once. */
export type AdmittedOnEach = {
  receipt: Receipt
  /** The strictest of all. */
  obligations: Obligations
  spend(): void
  succeeded(handout: Handout): void
  failed(error: unknown): unknown
}

type Asked = Omit<Ask<undefined>, 'resource' | 'prepare'> & {
  resources: readonly string[]
  /** Runs after each permit and before its record; throws why it cannot be all the same. */
  check(resource: string): void
}

/** Passes the door once for each resource, as `<txn>.<position>`. When one is refused, what was recorded of the others fails with it. */
export async function admitEach(admit: Gate['admit'], { resources, check, ...ask }: Asked): Promise<AdmittedOnEach> {
  const admitted: { grant: Grant<undefined>; resource: string }[] = []
  const failed = (error: unknown) => {
    const [first, ...others] = admitted.map(({ grant }) => grant)
    for (const other of others) other.failed(error)
    return first ? first.failed(error) : error
  }
  for (const [at, resource] of resources.entries()) {
    const txn = resources.length > 1 ? `${ask.txn}.${at}` : ask.txn
    const prepare = async () => {
      check(resource)
      return { handout: {}, sealed: undefined }
    }
    try {
      admitted.push({ grant: await admit({ ...ask, txn, resource, prepare }), resource })
    } catch (error) {
      failed(error)
      throw error
    }
  }
  const [first] = admitted
  if (!first) throw new GatewayError('internal', 'grant_without_resource')
  return {
    receipt: first.grant.receipt,
    obligations: admitted.map(({ grant }) => grant.obligations).reduce(tighten),
    spend: () => {
      for (const { grant, resource } of admitted) grant.spend(ask.action, resource)
    },
    succeeded: (handout) => {
      for (const { grant } of admitted) grant.succeeded(handout)
    },
    failed,
  }
}
