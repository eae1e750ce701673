import { answerFaultControl, type Faults, suffer } from '../faults.ts'
import type { Handler, ServerAnswer, ServerRequest } from '../http-server.ts'
import type { CloudService } from './service.ts'

/** Sends each request to the service whose host it names; no service is told apart by anything but Host. */
export function createCloudsHandler(services: readonly CloudService[], faults: Faults): Handler {
  return async (request) => {
    const service = services.find(({ serves }) => serves(request.url.hostname))
    if (!service) return { status: 404, text: '' }
    const call = {
      scope: service.scopeOf(request),
      operation: service.operationOf(request),
      path: `${request.url.pathname}${request.url.search}`,
    }
    return suffer(faults.next(call), () => service.act(request), service.shape)
  }
}

/** `/_control/…` before the services: faults, counters and `POST /_control/clouds` with more accounts. Test runs only. */
export function withCloudsControl(handle: Handler, faults: Faults, add: (documents: unknown) => void): Handler {
  return async (request) => {
    if (!request.url.pathname.startsWith('/_control/')) return handle(request)
    try {
      return answerFaultControl(faults, request) ?? addDocuments(request, add)
    } catch (error) {
      return { status: 400, json: { error: error instanceof Error ? error.message : String(error) } }
    }
  }
}

function addDocuments({ url, body }: ServerRequest, add: (documents: unknown) => void): ServerAnswer {
  if (url.pathname !== '/_control/clouds') return { status: 404, json: { error: 'no such control' } }
  add(JSON.parse(body))
  return { status: 204 }
}
