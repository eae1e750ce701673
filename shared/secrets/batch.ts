import { z } from 'zod'
import { ERRORS, GatewayError } from '../errors.ts'
import type { Ask } from '../gate.ts'
import type { Gateway } from '../gateway.ts'
import { handOut, type Sealed } from './read.ts'
import { SecretItem, secretResource } from './secret-ref.ts'

const MAX_ITEMS = 100
/** Misses of one batch do not crowd out everybody else's reads; hits are recorded together in a block anyway. */
const AT_ONCE = 10

export const BatchBody = z.strictObject({
  items: z.array(SecretItem).min(1).max(MAX_ITEMS),
  reason: z.string().optional(),
})

type Item = z.infer<typeof SecretItem>
type Who = Pick<Ask<unknown>, 'txn' | 'principal' | 'context'>

/** Reads every item through the door; the answers stand in the order of the items, each with its value or its error. */
export async function readBatch(gateway: Pick<Gateway, 'admit' | 'secrets'>, who: Who, items: readonly Item[]) {
  const answers: object[] = new Array(items.length)
  let next = 0
  const work = async () => {
    for (let at = next++; at < items.length; at = next++) {
      const item = items[at]
      if (item) answers[at] = await readItem(gateway, { ...who, txn: `${who.txn}.${at}` }, item)
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, work))
  return answers
}

/** Each item has a transaction of its own, `<txn>.<position>`, so that its result finds its intent. */
async function readItem({ admit, secrets }: Pick<Gateway, 'admit' | 'secrets'>, who: Who, item: Item) {
  const { version, ...ref } = item
  try {
    const prepare = secrets.lookUp(ref, { version })
    const grant = await admit<Sealed>({ ...who, action: 'secret:get', resource: secretResource(ref), prepare })
    const { sealed } = grant
    if (sealed.kind !== 'secret') throw new GatewayError('internal', 'unconditional_read_unchanged')
    const answer = handOut(grant, ref, sealed.reading)
    grant.succeeded()
    return { ...answer, ...(sealed.reading.stale && { stale: true }) }
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    return { ...item, error: { code: error.code, status: ERRORS[error.code].status } }
  }
}
