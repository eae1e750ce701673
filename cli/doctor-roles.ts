import type { Azure } from '../shared/azure/azure.ts'
import { CLOUDS } from '../shared/azure/clouds.ts'
import { createJsonService } from '../shared/azure/json-service.ts'
import type { Config } from '../shared/config.ts'
import { GatewayError } from '../shared/errors.ts'
import { compileSet } from '../shared/policy/compile-set.ts'
import { documentsOf } from '../shared/policy/plan/plan.ts'
import { readCurrent } from '../shared/policy/storage/publish.ts'
import type { RoleAssignment, RoleNeed } from '../shared/review/facts.ts'
import { broadRoles, missingRoles } from '../shared/review/rbac.ts'
import { listRoleAssignments } from '../shared/review/role-assignments.ts'
import { roleNeedsOf } from '../shared/review/role-needs.ts'
import { UpstreamFailure } from '../shared/tokens/broker/upstream-failure.ts'
import type { Finding } from './finding.ts'

type Reached = Pick<Azure, 'table' | 'ownToken' | 'agent'>

/** Lines of one kind; more are in the report. */
const MOST = 12
const ASK_MS = 30_000
const NAME = 'roles'
const REPORT = 'all of them are in the report `rbac` (GET /v1/reports/rbac)'

/**
 * The real role assignments of the gateway's identity against what its configuration and the policies in force need: the
 * judgement of the daily review (docs/review.md), now. `objectId`: of that identity, where it is known.
 */
export async function checkRoles(config: Config, azure: Reached, objectId: string | undefined): Promise<Finding[]> {
  if (config.reviewScopes.length === 0) return [wrong('not looked at: nothing says where', SET_SCOPES)]
  if (objectId === undefined) return [wrong('not looked at: who the gateway is, is not known', 'mend identity first')]
  const { arm } = CLOUDS[config.cloud]
  const service = createJsonService({
    origin: arm,
    ownToken: azure.ownToken,
    ...(azure.agent && { agent: azure.agent }),
  })
  try {
    const signal = AbortSignal.timeout(ASK_MS)
    const [known, roleNeeds] = await Promise.all([
      listRoleAssignments({ service, origin: arm, signal }, { scopes: config.reviewScopes, objectId }),
      needs(config, azure),
    ])
    return rolesFindings({ known, roleNeeds })
  } catch (error) {
    return [unknownRoles(error)]
  }
}

const SET_SCOPES =
  'set SALLYPORT_REVIEW_SCOPES to the resource groups of vaults and storage, and give the identity Reader there'

const wrong = (says: string, mend: string): Finding => ({ name: NAME, ok: false, says, mend })

/** Of documents that this build cannot read, only the others count. */
async function needs(config: Config, { table }: Reached): Promise<RoleNeed[]> {
  const { inForce } = await readCurrent(table('policies'))
  const documents = (await documentsOf(inForce)).map((document) => ({ document }))
  const set = compileSet(documents, Date.now())
  return roleNeedsOf({ ...config, statements: [...set.statements()], rotations: [...set.rotations()], now: Date.now() })
}

function unknownRoles(error: unknown): Finding {
  const { status } = error instanceof UpstreamFailure ? error.answer : {}
  const reason = error instanceof GatewayError ? error.reason : undefined
  if (status === 403) return wrong('may not be read', 'give the identity Reader on what SALLYPORT_REVIEW_SCOPES names')
  const says = `cannot be read (${status ?? reason ?? 'no usable answer'})`
  return { ...wrong(says, 'look at the way to Azure Resource Manager, or ask again later'), unreachable: true }
}

/** One line for each resource with everything that is missing there, one for each role that is too broad. Pure. */
export function rolesFindings(found: { known: readonly RoleAssignment[]; roleNeeds: readonly RoleNeed[] }): Finding[] {
  const facts = { roles: { known: found.known }, roleNeeds: found.roleNeeds }
  const missing = Map.groupBy(missingRoles(facts).items, ({ resource }) => String(resource))
  const broad = broadRoles(facts).items
  const lines = [
    ...[...missing].map(([resource, items]): Finding => {
      const actions = [...new Set(items.map(({ action }) => String(action)))]
      const why = [...new Set(items.map((item) => String(item['why'])))].join(', ')
      const says = `nothing permits ${actions.map(short).join(', ')} on ${resource} (${why})`
      return wrong(says, `give the identity \`${roleFor(resource, actions)}\` there`)
    }),
    ...broad.map(({ role, scope, because }) =>
      wrong(`\`${role}\` on ${scope} ${because}`, 'take it away, or give the narrower role on the single resource'),
    ),
  ]
  if (lines.length === 0) {
    const says = 'what configuration and policies need is there, and nothing more'
    return [{ name: NAME, ok: true, says }]
  }
  const more = lines.length - MOST
  return [...lines.slice(0, MOST), ...(more > 0 ? [wrong(`${more} more`, REPORT)] : [])]
}

/** `getSecret` of `Microsoft.KeyVault/vaults/secrets/getSecret/action`; `entities/write` of a table's. */
const short = (action: string) =>
  action
    .replace(/\/action$/, '')
    .split('/')
    .slice(-2)
    .join('/')

/** The least built-in role, or the custom one of infra/, that permits it. */
function roleFor(resource: string, actions: readonly string[]): string {
  const asks = (part: string) => actions.some((action) => action.includes(part))
  if (resource.startsWith('Microsoft.KeyVault/'))
    return asks('setSecret') ? 'Sallyport rotator' : 'Key Vault Secrets User'
  if (asks('/listkeys') || asks('/regeneratekey')) return 'Storage Account Key Operator Service Role'
  if (asks('/messages/')) return 'Storage Queue Data Message Processor'
  if (asks('/blobs/')) return 'Sallyport appender'
  if (/\/tables\/(audit|checkpoints)$/.test(resource)) return 'Sallyport appender'
  return asks('/write') ? 'Storage Table Data Contributor' : 'Storage Table Data Reader'
}
