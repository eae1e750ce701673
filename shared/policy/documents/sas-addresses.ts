import { ipv4Span } from '../match/address.ts'
import { compilePattern, patternMatches } from '../match/pattern.ts'
import type { PolicyDocument } from './document.ts'

type Of<K extends PolicyDocument['kind']> = PolicyDocument & { kind: K }

/**
 * Where permits ask of a SAS what none can keep: an address condition that is more than one IPv4 address or range, on a
 * resource that covers a `storage-sas` target. What a template covers, or what two permits ask together, shows only when a
 * token is asked for, and is refused then.
 */
export function sasAddressFaults(documents: readonly (PolicyDocument | undefined)[]): { at: number; detail: string }[] {
  const targets = documents.filter(
    (one): one is Of<'target'> => one?.kind === 'target' && one.token.kind === 'storage-sas',
  )
  const roles = documents.filter((one): one is Of<'role'> => one?.kind === 'role')
  return documents.flatMap((document, at) => {
    if (document?.kind !== 'statement' || !isTooWide(document)) return []
    const actions = new Set<string>(
      roles.filter(({ name }) => document.roles.includes(name)).flatMap((one) => one.actions),
    )
    const hit = targets.find(
      ({ name, access }) =>
        actions.has(access === 'read' ? 'token:issue' : 'token:issueWrite') && covers(document, `token/${name}`),
    )
    return hit
      ? [{ at, detail: `must be one IPv4 address or range for target ${hit.name}: its SAS keeps no more` }]
      : []
  })
}

const isTooWide = ({ effect, when }: Of<'statement'>) =>
  effect === 'permit' && when?.ip !== undefined && ipv4Span(when.ip) === undefined

const covers = ({ resources }: Of<'statement'>, resource: string) =>
  resources.some((text) => !text.includes('${') && patternMatches(compilePattern(text), resource))
