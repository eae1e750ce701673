import type { Activity } from '../audit/last-use/activity.ts'
import type { Use } from '../audit/last-use/uses.ts'
import type { RotationDocument } from '../policy/documents/rotation.ts'
import type { SecretRuleDocument } from '../policy/documents/secret-rule.ts'
import type { Statement } from '../policy/statement.ts'
import type { SecretProperties } from '../secrets/vault.ts'

/** Names and metadata of what the review looks at, never a value. Times in milliseconds. */
export type Facts = {
  now: number
  revision: number
  statements: readonly Statement[]
  secretRules: readonly SecretRuleDocument[]
  rotations: readonly RotationFact[]
  secrets: readonly SecretFact[]
  /** Aliases of vaults that could not be listed: nothing is said of their secrets. */
  unreadableVaults: readonly string[]
  uses: readonly UseFact[]
  /** When each statement last permitted something. */
  statementUses: ReadonlyMap<string, number>
  activity: readonly Activity[]
  directory: Known<readonly ServicePrincipal[]>
  roles: Known<readonly RoleAssignment[]>
  roleNeeds: readonly RoleNeed[]
}

/** What another service was asked; `unavailable` names why it did not tell. */
export type Known<T> = { known: T } | { unavailable: string }

export type SecretFact = Omit<SecretProperties, 'version'> & { vault: string }
export type UseFact = Use & { resource: string }

export type RotationFact = {
  document: RotationDocument
  state: string
  lastRotatedAt?: number
  publishedAt?: number
  stragglers: readonly string[]
}

/** A service principal as Microsoft Graph has it. */
export type ServicePrincipal = {
  objectId: string
  appId: string
  name: string
  type: string
  /** Of a managed identity: user-assigned or system-assigned, and its ARM id. */
  assigned?: 'user' | 'system'
  resourceId?: string
}

/** One of the gateway's own role assignments, with what its role permits. */
export type RoleAssignment = {
  scope: string
  role: string
  actions: readonly string[]
  dataActions: readonly string[]
  notDataActions: readonly string[]
}

/** A right that policies and configuration ask for: a data action (or action) on a resource with a globally unique name. */
export type RoleNeed = { provider: string; resource: string; action: string; why: string }

export const DAY_MS = 86_400_000
/** Not used for so long is unused. */
export const UNUSED_DAYS = 90

export const resourceOf = ({ vault, name }: Pick<SecretFact, 'vault' | 'name'>) =>
  `secret/${vault}/${name.toLowerCase()}`
export const iso = (time: number) => (Number.isFinite(time) ? new Date(time).toISOString() : 'unknown')
