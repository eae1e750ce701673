import type { Endpoint, GatewayResponse } from '../../../shared/http/endpoint.ts'
import type { Received } from '../../local/functions-host/support/send-request.ts'
import { openApiDocument } from './document.ts'
import { faultOf } from './faults.ts'

let read: ReturnType<typeof openApiDocument> | undefined

/** The answer, after it was held against the OpenAPI document; throws what is not as that says. */
export function described(endpoint: Endpoint, method: string, answer: GatewayResponse): GatewayResponse {
  const { status, headers = {}, json, text = '' } = answer
  const type = json === undefined ? {} : { 'content-type': 'application/json' }
  const sent = Object.entries({ ...type, ...lowerCased(headers) })
  const body = json === undefined ? text : JSON.stringify(json)
  check(method, `/${endpoint.route}`, { status, headers: Object.fromEntries(sent), body })
  return answer
}

/** The same for what came over a socket, to a path with its parameters filled in. */
export function checkDescribed(method: string, path: string, answer: Received): void {
  read ??= openApiDocument()
  const template = read.templateOf(path.split('?')[0] ?? '')
  if (template !== undefined) check(method, template, answer)
}

/** A method that no operation has is answered 405, of which every path says what it takes. */
function check(method: string, template: string, answer: Received): void {
  read ??= openApiDocument()
  const operation = read.operation(method, template)
  const fault = operation && faultOf(operation, answer, read.closed)
  if (fault !== undefined) throw new Error(`not as docs/openapi.json says: ${method} ${template}: ${fault}`)
}

const lowerCased = (headers: Record<string, string>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
