import type { Received } from '../../local/functions-host/support/send-request.ts'
import { type DocumentedAnswer, type DocumentedOperation, nameOf, type openApiDocument } from './document.ts'

/** Headers that say something of ours, and so must be described where they come. */
const OURS =
  /^(?:x-sallyport-.*|etag|location|retry-after|www-authenticate|ratelimit.*|vary|pragma|referrer-policy|content-security-policy|access-control-.*)$/

type Closed = ReturnType<typeof openApiDocument>['closed']

/** What of an answer is not as the document says, in a sentence; undefined where all is. */
export function faultOf(operation: DocumentedOperation, answer: Received, closed: Closed): string | undefined {
  const { status, headers, body } = answer
  const said = operation.responses[String(status)]
  if (!said) return `${status} is not described`
  const undescribed = Object.keys(headers).filter((name) => OURS.test(name) && !isDescribed(said, name))
  if (undescribed.length > 0) return `${status} has ${undescribed.join(', ')}, which is not described`
  const lacking = ['ETag', 'Location'].filter((name) => name in said.headers && !headers[name.toLowerCase()])
  if (lacking.length > 0) return `${status} lacks ${lacking.join(', ')}`
  const type = String(headers['content-type'] ?? '').split(';')[0] ?? ''
  const types = Object.keys(said.content)
  if (types.length === 0) return body === '' ? undefined : `${status} has a body`
  const described = said.content[type]
  if (!described) return `${status} comes as ${type}, described is ${types.join(', ')}`
  return type.includes('json') ? bodyFault(said, { status, name: nameOf(described.schema) }, body, closed) : undefined
}

const isDescribed = ({ headers }: DocumentedAnswer, name: string) =>
  Object.keys(headers).some((each) => each.toLowerCase() === name)

function bodyFault(
  said: DocumentedAnswer,
  { status, name }: { status: number | null; name: string },
  text: string,
  closed: Closed,
): string | undefined {
  const body = JSON.parse(text) as Record<string, unknown>
  const validate = closed(name)
  const isValid: boolean = validate(body)
  // Where, and what was expected; never the value, which may be a secret.
  if (!isValid)
    return `${status} is no ${name}: ${validate.errors?.map(({ instancePath, message }) => `${instancePath} ${message}`)}`
  const code = name === 'Problem' ? body['code'] : name === 'OAuthError' ? body['error'] : undefined
  if (code !== undefined && !said.description.includes(`\`${code}\``)) return `${status} by the code ${code}`
  return undefined
}
