import { z } from 'zod'
import type { Receipt } from '../audit/entry.ts'
import type { Query, Table } from '../azure/table.ts'
import type { Ask, Gate } from '../gate.ts'
import { PrincipalId } from '../policy/documents/primitives.ts'
import { canonicalResource } from '../policy/match/resource.ts'
import { recorded } from '../recorded.ts'
import { orUnavailable } from '../storage-unavailable.ts'
import type { AccessContext, StoredContext } from './access-context.ts'
import { principalPartition } from './index-rows.ts'
import { reaches } from './reaches.ts'
import type { GrantStore } from './store.ts'

const PREFIX = /^[a-z]+(?:\/[A-Za-z0-9._~-]+){0,2}$/

/** Body of `POST /v1/grant-revocations`: whose grants end, or through which ones something there can be reached. */
export const RevocationRequest = z
  .strictObject({
    principal: PrincipalId.optional(),
    resourcePrefix: z
      .string()
      .max(256)
      .regex(PREFIX, 'must be one to three segments of a resource, without stars')
      .transform(canonicalResource)
      .optional(),
    reason: z.string().optional(),
  })
  .superRefine(({ principal, resourcePrefix }, context) => {
    if ((principal === undefined) === (resourcePrefix === undefined)) {
      context.addIssue({ code: 'custom', message: 'must hold either principal or resourcePrefix' })
    }
  })

type Wanted = Omit<z.infer<typeof RevocationRequest>, 'reason'>

export type Revoking = { caller: Pick<Ask<unknown>, 'txn' | 'principal' | 'context'>; wanted: Wanted }

type Deps = { table: Table; store: Pick<GrantStore, 'read' | 'change'>; admit: Gate['admit']; now: () => number }

const CALL = { deadlineMs: 5_000 }
/** Each grant is a read and a write. */
const AT_ONCE = 16

/**
 * Ends every grant of a principal, or every one through which something at or below a resource can be reached. `grant:revoke`
 * on `grant/*` is asked; a principal may always end its own. Grants that are opened meanwhile are not meant; what is delegated
 * meanwhile dies with its parent. Throws `storage_unavailable` when it could not end all: a repeat ends the rest.
 */
export async function revokeGrants({ caller, wanted }: Revoking, deps: Deps): Promise<Revoked> {
  const { principal } = caller
  const own = wanted.principal === principal.id && !principal.through
  const about = wanted.principal ? `principal:${wanted.principal}` : `resource:${wanted.resourcePrefix}`
  const grant = await deps.admit({
    ...{ ...caller, action: 'grant:revoke', resource: EVERY_GRANT },
    ...(own && { entitled: 'holder' }),
    prepare: async () => ({ handout: { reference: `revocation:${about}` }, sealed: undefined }),
  })
  grant.spend('grant:revoke', EVERY_GRANT)
  const act = () => endAll(wanted, principal.id, deps)
  const revoked = await recorded(grant, act, (count) => ({ reference: `grants:${count}` }))
  return { revoked, receipt: grant.receipt }
}

export type Revoked = { revoked: number; receipt: Receipt }

const EVERY_GRANT = 'grant/*'

/** All are tried, whatever becomes of one. */
async function endAll(wanted: Wanted, by: string, deps: Deps): Promise<number> {
  const ids = await orUnavailable('grants', () => candidates(wanted, deps.table))
  let next = 0
  let revoked = 0
  const failures: unknown[] = []
  const work = async () => {
    for (let id = ids[next++]; id !== undefined; id = ids[next++]) {
      await end(id, { wanted, by }, deps).then(
        (ended) => {
          if (ended) revoked++
        },
        (error: unknown) => failures.push(error),
      )
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  if (failures.length > 0) throw failures[0]
  return revoked
}

async function end(id: string, { wanted, by }: { wanted: Wanted; by: string }, deps: Deps): Promise<boolean> {
  const found = await deps.store.read(id)
  if (typeof found === 'string' || !isMeant(found, wanted)) return false
  let ended = false
  await deps.store.change(id, ({ status }: StoredContext) => {
    ended = status.state === 'pending' || status.state === 'active'
    return ended ? { status: { ...status, state: 'revoked', ended: { by, at: deps.now() } } } : undefined
  })
  return ended
}

const isMeant = ({ terms }: AccessContext, { principal, resourcePrefix }: Wanted) =>
  principal === undefined ? reaches(terms.resources, resourcePrefix ?? '') : terms.principal === principal

/** Ids that the index leads to; every grant that is meant is among them. */
async function candidates(wanted: Wanted, table: Table): Promise<string[]> {
  const ids = new Set<string>()
  for (const query of queriesOf(wanted)) {
    for await (const { grant } of table.list({ ...query, select: ['grant'] }, CALL)) ids.add(String(grant))
  }
  return [...ids]
}

function queriesOf({ principal, resourcePrefix = '' }: Wanted): Query[] {
  if (principal !== undefined) return [{ partitionKey: principalPartition(principal) }]
  const [first = '', second] = resourcePrefix.split('/')
  const anything = { partitionKey: 'r|*|*' }
  if (second === undefined) return [anything, { partitionFrom: `r|${first}|`, partitionBefore: `r|${first}}` }]
  return [anything, { partitionKey: `r|${first}|*` }, { partitionKey: `r|${first}|${second}` }]
}
