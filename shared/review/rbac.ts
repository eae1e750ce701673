import { TABLES } from '../azure/storage-names.ts'
import type { Facts, RoleAssignment, RoleNeed } from './facts.ts'
import { said } from './identities.ts'
import { type Section, section } from './section.ts'

/** Rights the gateway needs and does not have. */
export function missingRoles({ roles, roleNeeds }: Pick<Facts, 'roles' | 'roleNeeds'>): Section {
  const assignments = 'known' in roles ? roles.known : undefined
  const found = !assignments
    ? []
    : roleNeeds
        .filter((need) => !assignments.some((one) => covers(one, need)))
        .map(({ provider, resource, action, why }) => ({ resource: `${provider}/${resource}`, action, why }))
  const meaning = said(
    roles,
    'what configuration and policies ask for and no role assignment of the gateway permits; a vault with access policies is not seen here',
  )
  return section({ id: 'missing-roles', title: 'Missing roles', meaning }, found)
}

/** Assignments that permit more than anything asks for. */
export function broadRoles({ roles, roleNeeds }: Pick<Facts, 'roles' | 'roleNeeds'>): Section {
  const assignments = 'known' in roles ? roles.known : []
  const found = assignments.flatMap((one) => {
    const because = reasons(one, roleNeeds)
    return because.length > 0 ? [{ scope: one.scope, role: one.role, because: because.join('; ') }] : []
  })
  const meaning = said(
    roles,
    'role assignments of the gateway above single resources, with control over resources, or that nothing asks for',
  )
  return section({ id: 'broad-roles', title: 'Roles that are too broad', meaning }, found)
}

function reasons(one: RoleAssignment, needs: readonly RoleNeed[]): string[] {
  if (isForThisReview(one)) return []
  const served = needs.filter((need) => covers(one, need))
  const writes = one.dataActions.some((action) => actionMatches(action, SET_SECRET))
  return [
    ...(isAboveResources(one.scope) ? ['is for more than one resource'] : []),
    ...(one.actions.some((action) => action === '*' || /^Microsoft\.Authorization\/(\*|.*write)/i.test(action))
      ? ['may change resources or give roles']
      : []),
    ...(served.length === 0 ? ['nothing asks for it'] : []),
    ...(mayChangeJournal(one, needs) ? ['may change or remove what is in the journal'] : []),
    ...(served.length > 0 && writes && !served.some(({ action }) => action === SET_SECRET)
      ? ['may write secrets, and no policy lets anybody do so']
      : []),
  ]
}

/** Reading role assignments is what this report itself needs. */
const isForThisReview = ({ actions, dataActions }: RoleAssignment) =>
  dataActions.length === 0 &&
  actions.every((action) => /\/read$/i.test(action)) &&
  actions.some((action) => actionMatches(action, 'Microsoft.Authorization/roleAssignments/read'))

function mayChangeJournal(one: RoleAssignment, needs: readonly RoleNeed[]): boolean {
  const journal = needs.find(({ resource }) => resource.endsWith(`/tables/${TABLES.audit}`))
  const acts = ['write', 'update/action', 'delete'].map((act) => `${ENTITIES}/${act}`)
  return journal !== undefined && acts.some((action) => covers(one, { ...journal, action }))
}

const ENTITIES = 'Microsoft.Storage/storageAccounts/tableServices/tables/entities'
export const SET_SECRET = 'Microsoft.KeyVault/vaults/secrets/setSecret/action'

/**
 * An assignment above a resource covers it as far as its path tells: where a resource lies is not known. One on a part of it (a
 * single secret) is taken for what is wanted there.
 */
export function covers({ scope, actions, dataActions, notDataActions }: RoleAssignment, need: RoleNeed): boolean {
  const at = `/providers/${need.provider}/${need.resource}/`.toLowerCase()
  const scoped = `${scope.slice(scope.indexOf('/providers/'))}/`.toLowerCase()
  if (!isAboveResources(scope) && !at.startsWith(scoped) && !scoped.startsWith(at)) return false
  const matches = (pattern: string) => actionMatches(pattern, need.action)
  return (
    (dataActions.some(matches) && !notDataActions.some(matches)) || (isControl(need.action) && actions.some(matches))
  )
}

/** Listing and making account keys are actions of the control plane; everything else that is needed is a data action. */
const isControl = (action: string) =>
  /^Microsoft\.Storage\/storageAccounts\/(listkeys|regeneratekey)\/action$/i.test(action)

const isAboveResources = (scope: string) =>
  /^\/?$|^\/subscriptions\/[^/]+(\/resourceGroups\/[^/]+)?\/?$|^\/providers\/Microsoft\.Management\//i.test(scope)

/** `*` stands for anything, as Azure has it; case does not matter. No RegExp is made of what ARM sends. */
export function actionMatches(pattern: string, action: string): boolean {
  const parts = pattern.toLowerCase().split('*')
  const text = action.toLowerCase()
  const [head = '', ...rest] = parts
  if (rest.length === 0) return head === text
  const tail = rest.pop() ?? ''
  if (!text.startsWith(head) || text.length < head.length + tail.length || !text.endsWith(tail)) return false
  let at = head.length
  const end = text.length - tail.length
  for (const part of rest) {
    const found = text.indexOf(part, at)
    if (found < 0 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}
