import { ACTIVITY_DAYS, readActivity, readStatementUses } from '../audit/last-use/activity.ts'
import { allUses } from '../audit/last-use/uses.ts'
import type { Table } from '../azure/table.ts'
import type { RotationDocument } from '../policy/documents/rotation.ts'
import type { Snapshot } from '../policy/snapshot.ts'
import type { JsonService } from '../rotation/json-service.ts'
import type { Run } from '../rotation/run.ts'
import type { Vault } from '../secrets/vault.ts'
import { UpstreamFailure } from '../tokens/broker/upstream-failure.ts'
import { listServicePrincipals } from './directory.ts'
import { DAY_MS, type Facts, type Known, type RotationFact, type SecretFact } from './facts.ts'
import { BadPage } from './pages.ts'
import { listRoleAssignments } from './role-assignments.ts'
import { roleNeedsOf } from './role-needs.ts'

export type GatherDeps = {
  policy: () => Snapshot
  /** Alias → vault. */
  vaults: ReadonlyMap<string, Vault>
  lastUse: Table
  rotations: {
    state(name: string): Promise<{ run?: Run; lastRotatedAt?: number }>
    stragglers(rotation: RotationDocument, run: Run): Promise<readonly string[]>
  }
  graph: { service: JsonService; origin: string }
  arm: { service: JsonService; origin: string }
  /** ARM ids; without any, roles are not looked at. */
  reviewScopes: readonly string[]
  /** Object id of the gateway's own identity, once it had a token. */
  ownObjectId: () => string | undefined
  configured: { vaults: ReadonlyMap<string, string>; gatewayVault: string; tableEndpoint: string; policyApi: boolean }
  now: () => number
}

/** Of one other service; a review waits for none of them for longer. */
const OUTSIDE_MS = 60_000
const MAX_SECRETS = 50_000
const MAX_USES = 200_000

/** Collects what is to be judged. What another service does not tell is said so, and the rest is judged. Throws StorageError, `no_policy`. */
export async function gather(deps: GatherDeps): Promise<Facts> {
  const { policy, lastUse, now, configured } = deps
  const snapshot = policy()
  const statements = [...snapshot.statements()]
  const documents = [...snapshot.rotations()]
  const at = now()
  const [secrets, uses, statementUses, activity, rotations, directory, roles] = await Promise.all([
    listSecrets(deps.vaults),
    first(allUses(lastUse), MAX_USES),
    readStatementUses(lastUse),
    readActivity(lastUse, at - ACTIVITY_DAYS * DAY_MS),
    Promise.all(documents.map((document) => rotationFact(document, deps.rotations))),
    asked((signal) => listServicePrincipals({ ...deps.graph, signal })),
    ownRoles(deps),
  ])
  return {
    ...{ now: at, revision: snapshot.revision, statements, secretRules: [...snapshot.secretRules()] },
    ...{ ...secrets, uses, statementUses, activity, rotations, directory, roles },
    roleNeeds: roleNeedsOf({ ...configured, statements, rotations: documents, now: at }),
  }
}

async function ownRoles({ arm, reviewScopes: scopes, ownObjectId }: GatherDeps): Promise<Facts['roles']> {
  const objectId = ownObjectId()
  if (scopes.length === 0) return { unavailable: 'SALLYPORT_REVIEW_SCOPES names none' }
  if (!objectId) return { unavailable: 'the identity of the gateway has had no token yet' }
  return asked((signal) => listRoleAssignments({ ...arm, signal }, { scopes, objectId }))
}

/** Names and metadata alone: `list` never brings a value. */
async function listSecrets(vaults: ReadonlyMap<string, Vault>) {
  const secrets: SecretFact[] = []
  const unreadableVaults: string[] = []
  for (const [alias, vault] of vaults) {
    try {
      for (const { version: _version, ...properties } of await first(vault.list(), MAX_SECRETS))
        secrets.push({ vault: alias, ...properties })
    } catch {
      unreadableVaults.push(alias)
    }
  }
  return { secrets, unreadableVaults }
}

async function rotationFact(document: RotationDocument, rotations: GatherDeps['rotations']): Promise<RotationFact> {
  // A row that cannot be read hides no other rotation.
  const state = await rotations.state(document.name).catch(() => undefined)
  const { run, lastRotatedAt } = state ?? {}
  return {
    document,
    state: state ? (run?.state ?? 'idle') : 'unreadable',
    ...(lastRotatedAt !== undefined && { lastRotatedAt }),
    ...(run?.publishedAt !== undefined && { publishedAt: run.publishedAt }),
    stragglers: run ? await rotations.stragglers(document, run).catch(() => []) : [],
  }
}

async function first<T>(items: AsyncIterable<T>, most: number): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) {
    if (found.length >= most) break
    found.push(item)
  }
  return found
}

/** Why something was not told is a tag of ours or the service's code, never its text. */
async function asked<T>(ask: (signal: AbortSignal) => Promise<T>): Promise<Known<T>> {
  try {
    return { known: await ask(AbortSignal.timeout(OUTSIDE_MS)) }
  } catch (error) {
    const { status, error: code } = error instanceof UpstreamFailure ? error.answer : {}
    const reason = error instanceof BadPage ? error.reason : undefined
    const said = [status, code, reason].filter((one) => one !== undefined)
    return { unavailable: said.length > 0 ? said.join(' ') : 'no usable answer' }
  }
}
