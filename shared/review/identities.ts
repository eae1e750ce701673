import type { Selector } from '../policy/match/principals.ts'
import type { Facts, Known, ServicePrincipal } from './facts.ts'
import { by, readers } from './permissions.ts'
import { type Section, section } from './section.ts'

const entraIdOf = (id: string) => /^entra:[^:]+:([^:]+)$/.exec(id)?.[1]

export function managedIdentities({ directory }: Pick<Facts, 'directory'>): Section {
  const found = listOf(directory)
    .filter(({ type }) => type === 'ManagedIdentity')
    .map(({ name, objectId, appId, assigned, resourceId = '' }) => ({
      name,
      objectId,
      appId,
      assigned: assigned ?? 'unknown',
      resourceId,
    }))
  return section(
    {
      id: 'managed-identities',
      title: 'Managed identities',
      meaning: said(
        directory,
        'service principals of type ManagedIdentity; `assigned` says whether a resource owns it (system) or it stands by itself (user)',
      ),
    },
    found.sort(by('name')),
  )
}

/** Principals of policies and journal that the directory does not know. */
export function orphans(facts: Facts): Section {
  const { directory } = facts
  const head = { id: 'orphans', title: 'Orphaned principals' }
  const meaning = said(
    directory,
    'named in policies, rules or the journal and no service principal of the tenant; an object id may also be a person’s or a group’s, which is not asked for; an application id is gone for certain',
  )
  if (!('known' in directory)) return section({ ...head, meaning }, [])
  const ids = new Set(directory.known.flatMap(({ objectId, appId }) => [objectId, appId]))
  const found = [...named(facts)]
    .filter(([, { id }]) => !ids.has(id))
    .map(([, { id, by, where }]) => ({
      id,
      by,
      certain: by === 'appId',
      where: [...where].sort().slice(0, 20).join(' '),
    }))
  return section({ ...head, meaning }, found.sort(by('id')))
}

type Named = { id: string; by: 'objectId' | 'appId'; where: Set<string> }

function named(facts: Facts): Map<string, Named> {
  const all = new Map<string, Named>()
  const add = (by: Named['by'], id: string | undefined, where: string) => {
    if (!id) return
    const known = all.get(`${by} ${id}`) ?? { id, by, where: new Set<string>() }
    all.set(`${by} ${id}`, known)
    known.where.add(where)
  }
  for (const { id, selectors } of facts.statements)
    for (const selector of selectors) if (isNamed(selector)) add(selector.by, selector.value, `statement/${id}`)
  for (const { secret, consumers } of facts.secretRules)
    for (const consumer of consumers) add('objectId', entraIdOf(consumer), `secretRule/${secret}`)
  for (const { principal, resource } of readers(facts)) add('objectId', entraIdOf(principal), `journal/${resource}`)
  return all
}

const isNamed = (selector: Selector): selector is Selector & { by: 'objectId' | 'appId' } =>
  selector.by === 'objectId' || selector.by === 'appId'

const listOf = (directory: Known<readonly ServicePrincipal[]>) => ('known' in directory ? directory.known : [])

export const said = (known: Known<unknown>, meaning: string) =>
  'known' in known ? meaning : `${meaning}. NOT KNOWN this time: ${known.unavailable}`
