import type { Azure } from '../shared/azure/azure.ts'
import type { Config } from '../shared/config.ts'
import { GatewayError } from '../shared/errors.ts'
import { readKeyRows } from '../shared/tokens/keys/bootstrap.ts'
import { describeFailure } from './describe-failure.ts'
import type { Finding } from './finding.ts'
import { CliError, EXIT } from './verb.ts'

type Reached = Pick<Azure, 'table' | 'vault' | 'checkIdentity' | 'identityTrouble' | 'clockSkewMs'>

/** Beyond this tokens and expiries cannot be trusted (T28). */
const MAX_SKEW_MS = 30_000
/** A name nobody uses: "not found" is the answer of a vault that lets us read. */
const NOBODYS_SECRET = 'sallyport-doctor'
const TIMEOUT_MS = 5_000

/** A token of the identity, for storage. */
export async function checkIdentity(
  described: string,
  { checkIdentity: check, identityTrouble }: Reached,
): Promise<Finding> {
  const name = 'identity'
  try {
    await check()
    return { name, ok: true, says: described }
  } catch {
    const { why = 'gives no token', remedy: mend = 'name another identity in SALLYPORT_IDENTITY' } =
      identityTrouble() ?? {}
    return { name, ok: false, says: `${described}: ${why}`, mend }
  }
}

/** Reads one row. */
export async function checkStorage({ tableEndpoint }: Config, { table }: Reached): Promise<Finding> {
  return attempt('storage', `${tableEndpoint} can be read`, async () => {
    await table('policies').get('_', 'revision')
  })
}

/** Reads a secret that does not exist. */
export async function checkVault(name: string, url: string, { vault }: Reached): Promise<Finding> {
  const finding = await attempt(name, `${url} can be read`, async () => {
    await vault(url)
      .get(NOBODYS_SECRET)
      .catch((error: unknown) => {
        if (!(error instanceof GatewayError)) throw error
        if (error.reason === 'vault_forbidden') throw new CliError(EXIT.refused, `${url} refuses this identity`)
        if (error.code !== 'secret_not_found') throw error
      })
  })
  const isRight = finding.ok || finding.unreachable
  return isRight ? finding : { ...finding, mend: 'give the identity `Key Vault Secrets Officer` on this vault' }
}

/** The gateway's own metadata and keys, as others who verify its tokens fetch them. */
export async function checkIssuer({ issuer }: Config, reached: Pick<Reached, 'table'>): Promise<Finding> {
  const name = 'issuer'
  try {
    const answer = await fetchPage(`${issuer}/.well-known/openid-configuration`)
    const document = answer.ok ? ((await answer.json()) as { issuer?: unknown }) : {}
    if (document.issuer === issuer) return await checkKeys(issuer, reached)
    const mend = 'SALLYPORT_ISSUER must be the address under which this gateway, or its published metadata, is reached'
    return { name, ok: false, says: `${issuer} answers ${answer.status}, not as this issuer`, mend }
  } catch {
    const mend = 'start the gateway; behind a private network publish the metadata (infra), and look at proxy and CA'
    return { name, ok: false, says: `${issuer} does not answer`, mend, unreachable: true }
  }
}

const fetchPage = (url: string) => fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) })

/** What is published against table `keys`: a key that is not there verifies nothing, one too many is still trusted. */
async function checkKeys(issuer: string, { table }: Pick<Reached, 'table'>): Promise<Finding> {
  const name = 'issuer'
  const answer = await fetchPage(`${issuer}/oauth2/jwks`)
  const { keys = [] } = answer.ok ? ((await answer.json()) as { keys?: { kid?: string }[] }) : {}
  const published = keys.map(({ kid }) => kid)
  const own: unknown[] = []
  const compared = await attempt(name, `${issuer} publishes its metadata and the gateway’s keys`, async () => {
    const { signing } = await readKeyRows({ keys: table('keys'), report: () => {} })
    for (const { kid } of signing) own.push(kid)
  })
  const missing = own.filter((kid) => !published.some((one) => one === kid)).length
  const strange = published.filter((kid) => !own.includes(kid)).length
  if (!compared.ok || (answer.ok && missing + strange === 0)) return compared
  const says = `${issuer}/oauth2/jwks (${answer.status}): ${missing} keys of the gateway are missing, ${strange} are none of its own`
  return { name, ok: false, says, mend: NOT_ITS_KEYS }
}

const NOT_ITS_KEYS =
  'after a rotation ask again in ten minutes; else look for `keys.page_not_written` and `keys.left_out` in the log, and who writes the page'

/** Storage's clock against ours; asked after storage has answered. */
export function checkClock({ clockSkewMs }: Reached): Finding {
  const name = 'clock'
  const skew = clockSkewMs()
  if (skew === undefined) return { name, ok: false, says: 'unknown: storage gave no time', mend: 'mend storage first' }
  const says = `${(Math.abs(skew) / 1_000).toFixed(1)} s ${skew < 0 ? 'ahead of' : 'behind'} storage`
  if (Math.abs(skew) <= MAX_SKEW_MS) return { name, ok: true, says }
  return { name, ok: false, says, mend: 'set the clock of this machine (NTP): tokens and expiries cannot be trusted' }
}

/** What stands between us and everything else; never with user information, which may be a password. */
export function checkProxy(env: Record<string, string | undefined>): Finding[] {
  const proxy = env['HTTPS_PROXY'] ?? env['https_proxy']
  const ca = env['NODE_EXTRA_CA_CERTS']
  const off = env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0'
  return [
    ...(proxy ? [{ name: 'proxy', ok: true, says: URL.parse(proxy)?.host ?? 'set, but no URL' }] : []),
    ...(ca ? [{ name: 'additional CA', ok: true, says: ca }] : []),
    ...(off ? [{ name: 'certificates', ok: false, says: 'are not checked', mend: UNCHECKED }] : []),
  ]
}

const UNCHECKED = 'unset NODE_TLS_REJECT_UNAUTHORIZED; name your CA in NODE_EXTRA_CA_CERTS'

async function attempt(name: string, says: string, act: () => Promise<void>): Promise<Finding> {
  try {
    await act()
    return { name, ok: true, says }
  } catch (error) {
    const { exit, message } = describeFailure(error)
    return { name, ok: false, says: message, ...(exit === EXIT.unreachable && { unreachable: true as const }) }
  }
}
