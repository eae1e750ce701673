import { CliError, EXIT } from '../verb.ts'

type Problem = { detail?: unknown; code?: unknown; instance?: unknown; errors?: unknown }

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value.slice(0, 1_000) : undefined)

/**
 * What the gateway refused, from its problem body (RFC 9457): `detail`, `code` and `instance`, never anything else of an answer,
 * which may be a proxy's and may repeat what was sent. Exit code 3 where trying later may help: 5xx.
 */
export function refusalOf({ status, headers }: Response, text: string): CliError {
  const problem = readProblem(headers.get('content-type'), text)
  const [code, instance] = [textOf(problem.code), textOf(problem.instance)]
  const exit = status >= 500 ? EXIT.unreachable : EXIT.refused
  if (code === undefined) {
    return new CliError(exit, `the gateway answered ${status}, without saying why`, { status })
  }
  const faults = faultsOf(problem.errors)
  const retryAfter = Number(headers.get('retry-after'))
  const lines = [
    `${textOf(problem.detail) ?? code} (${status} ${code}${instance ? `, transaction ${instance}` : ''})`,
    ...faults.map(({ pointer, detail }) => `  ${pointer}: ${detail}`),
    ...(retryAfter > 0 ? [`  try again in ${retryAfter} s`] : []),
  ]
  return new CliError(exit, lines.join('\n'), {
    ...{ code, status, instance },
    ...(textOf(problem.detail) !== undefined && { detail: textOf(problem.detail) }),
    ...(faults.length > 0 && { errors: faults }),
    ...(retryAfter > 0 && { retryAfterSeconds: retryAfter }),
  })
}

function readProblem(contentType: string | null, text: string): Problem {
  if (!contentType?.startsWith('application/problem+json')) return {}
  try {
    const body: unknown = JSON.parse(text)
    return typeof body === 'object' && body !== null ? body : {}
  } catch {
    return {}
  }
}

function faultsOf(errors: unknown): { pointer: string; detail: string }[] {
  if (!Array.isArray(errors)) return []
  return errors.flatMap((fault: Record<string, unknown>) => {
    const [pointer, detail] = [textOf(fault?.['pointer']), textOf(fault?.['detail'])]
    return pointer !== undefined && detail !== undefined ? [{ pointer, detail }] : []
  })
}
