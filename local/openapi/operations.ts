import { ENDPOINTS } from '../../functions/endpoints.ts'
import { codesOf } from '../../functions/openapi/codes.ts'
import type { RequestHeader, ResponseHeader } from '../../functions/openapi/headers.ts'
import type { Answer, Description } from '../../functions/openapi/operation.ts'
import { OPERATIONS } from '../../functions/openapi/operations.ts'
import { ERRORS, type ErrorCode } from '../../shared/errors.ts'
import type { Dialect } from '../../shared/http/endpoint.ts'
import { ACTIONS } from '../../shared/policy/actions.ts'

/** An operation with all that its kind brings along: what both documents are written from. */
export type Operation = {
  method: string
  /** With a leading slash. */
  path: string
  dialect: Dialect
  description: Description
  /** The description with what policy is asked. */
  text: string
  requestHeaders: readonly RequestHeader[]
  answers: readonly (Answer & { status: number; headers: readonly ResponseHeader[] })[]
  refusals: readonly Refusal[]
}

export type Refusal = { status: number; what: string; headers: readonly ResponseHeader[]; codes: readonly ErrorCode[] }

const CONTEXT: readonly RequestHeader[] = ['X-Sallyport-Reason', 'X-Sallyport-Purpose', 'X-Sallyport-Ticket', 'DPoP']

/** Every operation, in the order of the descriptions; throws for one that no endpoint has. */
export function allOperations(): Operation[] {
  return OPERATIONS.map(([title, description]) => {
    const [method = '', path = ''] = title.split(' ')
    const endpoint = ENDPOINTS.find(({ route }) => `/${route}` === path)
    if (!endpoint) throw new Error(`${title} is described and no endpoint has it`)
    const { dialect } = endpoint
    const { caller, idempotent, headers = [] } = description
    const requestHeaders: RequestHeader[] = [
      ...(caller === 'anybody' ? [] : CONTEXT),
      ...(idempotent ? (['Idempotency-Key'] as const) : []),
      ...headers,
    ]
    const answers = answersOf(description)
    const refusals = refusalsOf(description, dialect).filter((refusal) => !(refusal.status in description.answers))
    return { method, path, dialect, description, text: textOf(description), requestHeaders, answers, refusals }
  })
}

function textOf({ description, actions }: Description): string {
  if (!actions) return description
  const asked = actions.map((action) => `\`${action}\` on \`${ACTIONS[action].resource}\``)
  return `${description} Policy is asked for ${asked.join(', ')}.`
}

/** A journal entry was written, unless the caller was entitled to the answer as it is. */
function answersOf({ answers, caller, door }: Description): Operation['answers'] {
  return Object.entries(answers).map(([status, answer]) => ({
    ...answer,
    status: Number(status),
    headers: [...everywhere(caller), ...(door ? (['X-Sallyport-Receipt'] as const) : []), ...(answer.headers ?? [])],
  }))
}

const everywhere = (caller: Description['caller']): ResponseHeader[] =>
  caller === 'anybody' ? ['X-Sallyport-Txn'] : ['X-Sallyport-Txn', 'RateLimit-Policy', 'RateLimit']

function refusalsOf(description: Description, dialect: Dialect): Refusal[] {
  const byStatus = Map.groupBy(codesOf(description), (code) => statusOf(code, dialect))
  return [...byStatus]
    .sort(([one], [other]) => one - other)
    .map(([status, codes]) => ({
      status,
      codes,
      what: [...new Set(codes.map((code) => sayingOf(code, dialect)))].join('; '),
      headers: [
        ...everywhere(description.caller),
        ...(description.door && status !== 401 ? (['X-Sallyport-Receipt'] as const) : []),
        ...(codes.some(isChallenged) ? (['WWW-Authenticate'] as const) : []),
        ...(status === 429 || status === 503 || codes.includes('conflict') ? (['Retry-After'] as const) : []),
      ],
    }))
}

/** As render-error.ts does it: on OAuth routes by the status that the code has elsewhere. */
const isChallenged = (code: ErrorCode) => ERRORS[code].status === 401 || code === 'access_denied'

function statusOf(code: ErrorCode, dialect: Dialect): number {
  const spec = ERRORS[code]
  if (dialect === 'problem') return spec.status
  if (!('oauth' in spec)) throw new Error(`${code} has no form on OAuth routes`)
  return spec.oauth.status
}

function sayingOf(code: ErrorCode, dialect: Dialect): string {
  const spec = ERRORS[code]
  const name = dialect === 'oauth' && 'oauth' in spec ? spec.oauth.error : code
  return `\`${name}\`: ${spec.title}`
}
