import { CLOUDS } from '../../../../shared/azure/clouds.ts'
import { AzureError } from '../../azure-error.ts'
import { type Faults, suffer } from '../../faults.ts'
import type { Handler, ServerAnswer, ServerRequest } from '../../http-server.ts'
import { type ApplicationsDeps, addPassword, getApplication, removePassword } from './applications.ts'
import { type CallerDeps, graphCaller } from './caller.ts'
import { badRequest, graphErrorAnswer, graphFault } from './graph-error.ts'
import { listAppRoleAssignments, listServicePrincipals } from './service-principals.ts'

export type GraphDeps = ApplicationsDeps & Omit<CallerDeps, 'tenant'> & { faults: Faults }

const HOSTS: ReadonlySet<string> = new Set(Object.values(CLOUDS).map(({ graph }) => new URL(graph).hostname))

/** Puts Microsoft Graph of all clouds before the authority: one process, told apart by Host. */
export function withGraph(handle: Handler, deps: GraphDeps): Handler {
  return async (request) => {
    if (!HOSTS.has(request.url.hostname)) return handle(request)
    const { collection, id, rest } = routeOf(request)
    const call = {
      scope: collection === 'applications' ? id : `graph-${collection}`,
      operation: rest || collection,
      path: `${request.url.pathname}${request.url.search}`,
    }
    return suffer(deps.faults.next(call), () => answered(request, deps), graphFault)
  }
}

/** `/v1.0/<collection>[/<id>[/<rest>]]` */
function routeOf({ url }: ServerRequest) {
  const [, collection = '', id = '', rest = ''] = /^\/v1\.0\/(\w+)(?:\/([^/]+))?(?:\/(\w+))?$/.exec(url.pathname) ?? []
  return { collection, id: id.toLowerCase(), rest }
}

async function answered(request: ServerRequest, deps: GraphDeps): Promise<ServerAnswer> {
  try {
    return await act(request, deps)
  } catch (error) {
    if (error instanceof AzureError) return graphErrorAnswer(error, deps.now())
    throw error
  }
}

async function act(request: ServerRequest, deps: GraphDeps): Promise<ServerAnswer> {
  const { directory } = deps
  const caller = await graphCaller(request, { ...deps, tenant: directory.tenant })
  const { collection, id, rest } = routeOf(request)
  const call = { request, caller, id }
  switch (`${request.method} ${collection} ${id && '{id}'} ${rest}`) {
    case 'GET applications {id} ':
      return getApplication(call, deps)
    case 'POST applications {id} addPassword':
      return addPassword(call, deps)
    case 'POST applications {id} removePassword':
      return removePassword(call, deps)
    case 'GET servicePrincipals  ':
      return listServicePrincipals(call, directory)
    case 'GET servicePrincipals {id} appRoleAssignments':
      return listAppRoleAssignments(call, directory, id)
    default:
      throw badRequest(`Resource not found for the segment '${rest || collection}'.`)
  }
}
