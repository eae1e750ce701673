import { describeFailure } from './describe-failure.ts'
import type { Finding } from './finding.ts'
import type { GatewayClient } from './gateway/gateway.ts'
import { CliError, EXIT } from './verb.ts'

const TIMEOUT_MS = 30_000

type Page = { status: number; json: Record<string, unknown>; type: string }

/** Without a token. Throws CliError `unreachable`. */
async function page(url: string): Promise<Page> {
  try {
    const answer = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) })
    const json: unknown = await answer.json().catch(() => ({}))
    const type = answer.headers.get('content-type') ?? ''
    return { status: answer.status, json: typeof json === 'object' && json ? { ...json } : {}, type }
  } catch {
    throw new CliError(EXIT.unreachable, `${url} does not answer`)
  }
}

/** What went wrong is a finding like any other; `act` gives what there is to say, and more where others build on it. */
export async function attempt<T extends { says: string }>(
  name: string,
  mend: string,
  act: () => Promise<T>,
): Promise<Finding | (Finding & T)> {
  try {
    return { name, ok: true, ...(await act()) }
  } catch (error) {
    const { exit, message } = describeFailure(error)
    return { name, ok: false, says: message, mend, ...(exit === EXIT.unreachable && { unreachable: true as const }) }
  }
}

export const isHealthy = (base: string): Promise<Finding> =>
  attempt('health', 'docs/operations.md, "What the on-call does first"', async () => {
    const { status, json } = await page(`${base}/healthz`)
    if (status !== 200)
      throw new CliError(EXIT.refused, `/healthz answers ${status}: ${JSON.stringify(json['checks'])}`)
    return { says: JSON.stringify(json['checks']) }
  })

/** The metadata where the issuer says they are, which behind a private network is a page elsewhere, and keys without private parts. */
export async function keysArePublic(base: string): Promise<Finding[]> {
  const mend = 'SALLYPORT_ISSUER must be where the metadata are published; docs/keys.md'
  const discovery = await attempt('discovery', mend, async () => {
    const issuer = String((await page(`${base}/.well-known/openid-configuration`)).json['issuer'])
    const published = await page(`${issuer}/.well-known/openid-configuration`)
    const jwks = String(published.json['jwks_uri'])
    if (published.json['issuer'] !== issuer || !jwks.startsWith(`${issuer}/`))
      throw new CliError(EXIT.refused, `${issuer} does not publish itself`)
    return { jwks, says: issuer }
  })
  if (!('jwks' in discovery)) return [discovery]
  const { jwks, ...finding } = discovery
  return [finding, await keysOf(jwks, mend)]
}

const keysOf = (url: string, mend: string): Promise<Finding> =>
  attempt('keys', mend, async () => {
    const { json } = await page(url)
    const keys = Array.isArray(json['keys']) ? (json['keys'] as Record<string, unknown>[]) : []
    if (keys.length === 0) throw new CliError(EXIT.refused, `${url} has no keys`)
    if (keys.some((key) => 'd' in key || 'k' in key)) throw new CliError(EXIT.refused, `${url} SHOWS A PRIVATE KEY`)
    return { says: `${keys.length}: ${keys.map(({ alg }) => alg).join(', ')}` }
  })

export const anonymousIsRefused = (base: string): Promise<Finding> =>
  attempt('no token', 'whatever stands in front must not authenticate for others', async () => {
    const { status, json, type } = await page(`${base}/v1/whoami`)
    const right = status === 401 && json['code'] === 'missing_token' && type.startsWith('application/problem+json')
    if (!right) throw new CliError(EXIT.refused, `answered with ${status} instead of 401 missing_token`)
    return { says: '401 missing_token' }
  })

/** Of the answer only its version is shown. */
export const secretIsRead = (gateway: GatewayClient, path: string): Promise<Finding> =>
  attempt('a secret that may be read', 'a statement must permit it: sallyport explain', async () => {
    const { json } = await gateway({ path })
    if (typeof json['value'] !== 'string') throw new CliError(EXIT.refused, 'the answer holds no value')
    return { says: `${path}, version ${json['version']}` }
  })

export const secretIsRefused = (gateway: GatewayClient, path: string): Promise<Finding> =>
  attempt('a secret that may not be read', 'look at who may read it: sallyport explain', async () => {
    const refusal = await gateway({ path }).then(
      () => undefined,
      (error: unknown) => error,
    )
    const { status, code, instance } = refusal instanceof CliError ? refusal.detail : {}
    if (status !== 403 || code !== 'access_denied' || typeof instance !== 'string')
      throw refusal ?? new CliError(EXIT.refused, `${path} WAS GIVEN OUT`)
    return { says: `403 access_denied, transaction ${instance}` }
  })
