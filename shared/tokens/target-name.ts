import { Name } from '../policy/documents/primitives.ts'
import type { Target } from '../policy/target.ts'

/** A target's own name, or a URI that it registers (RFC 8707). */
export type TargetName = { name: string } | { resource: string }

export type TargetDirectory = {
  target(name: string): Target | undefined
  /** By byte-exact URI. */
  targetByResource(uri: string): Target | undefined
}

export type TokenAction = 'token:issue' | 'token:issueWrite'

/** `access` decides: a READ context can never mint write power. */
export const actionOf = ({ access }: Target): TokenAction => (access === 'write' ? 'token:issueWrite' : 'token:issue')

/** Stands for whatever cannot be a target; policy refuses it as a name. */
export const NO_TARGET = '_'

/**
 * What to ask the policy about. INVARIANT: the words of a caller are looked up, never parsed, fetched or written anywhere
 * (T8, T26): what is not a target's name becomes `_`. What does not exist counts as a write target, the stricter kind.
 */
export function findTarget(directory: TargetDirectory, wanted: TargetName): { name: string; action: TokenAction } {
  const target = 'name' in wanted ? directory.target(wanted.name) : directory.targetByResource(wanted.resource)
  if (target) return { name: target.name, action: actionOf(target) }
  const name = 'name' in wanted && Name.safeParse(wanted.name).success ? wanted.name : NO_TARGET
  return { name, action: 'token:issueWrite' }
}
