import { z } from 'zod'
import { CLOUDS, type CloudName } from './azure/clouds.ts'
import { describeIdentity, type IdentitySource, readIdentitySource } from './azure/identity-source.ts'
import { readOwnAccounts } from './azure/own-accounts.ts'
import { type AllowedHosts, readAllowedHosts } from './callbacks/allowed-hosts.ts'
import { readRate } from './policy/documents/rate.ts'

/** Where the connections of production hosts go in a local run; refused in Azure. */
export type LocalRoute = { hosts: Record<string, string>; caPath: string }

export type Config = {
  mode: 'azure' | 'local'
  version: string
  cloud: CloudName
  /** The gateway's own identity, and the same in words. */
  identity: { source: IdentitySource; described: string }
  /** `iss` of our own tokens and base of the metadata; never taken from Host. */
  issuer: string
  /** Names this process in `writer.open` of the journal. */
  instance: string
  /** Origin of the data storage account's tables. */
  tableEndpoint: string
  /** Storage accounts that the gateway lives on, those of the Functions host included. */
  ownStorageAccounts: readonly string[]
  /** Names under which the platform serves the app, beside those of the settings. */
  ownHosts: readonly string[]
  /** Alias → vault URL. The gateway's own vault is never among them. */
  vaults: ReadonlyMap<string, string>
  gatewayVault: string
  /** How many right-most `X-Forwarded-For` hops are ours; 0 = the client address is unknown. */
  trustedHops: number
  policyPollSeconds: number
  policyMaxStaleSeconds: number
  journalDeadlineMs: number
  secretCacheSeconds: number
  /** What any one principal may ask of one instance. */
  principalRate: { count: number; windowSeconds: number }
  /** How long after the root's token was validated a grant lives at most, renewals and delegations included. */
  grantMaxSeconds: number
  /** Origin under which callers reach the gateway: where its own probes go. */
  frontDoor: string
  /** Container whose public page others read the issuer's metadata and keys from; absent where the app is the issuer, or somebody else copies. */
  issuerPages?: string
  /** ARM ids of resource groups and resources whose role assignments of the gateway the review looks at. */
  reviewScopes: readonly string[]
  /** NCRONTAB of the timers `rotate` and `seal`. */
  rotateSchedule: string
  sealSchedule: string
  /** Whether policies may be written over HTTP; else the gateway needs no more than to read them. */
  policyApi: boolean
  /** Whom the gateway may call: receivers of events, endpoints of `webhook` rotators. */
  callbackHosts: AllowedHosts
  local?: LocalRoute
}

/** Any of these says that we run in Azure; Flex Consumption sets no WEBSITE_INSTANCE_ID. */
export const AZURE_MARKERS = [
  'WEBSITE_INSTANCE_ID',
  'WEBSITE_SITE_NAME',
  'WEBSITE_SKU',
  'WEBSITE_POD_NAME',
  'LEGION_SERVICE_HOST',
] as const

/** Options that would write memory, the environment or TLS keys to disk or open a debugger (T37). Node takes `_` for `-`. */
const FORBIDDEN_NODE_OPTIONS =
  /--(report-on|report-uncaught|report-signal|heapsnapshot|heap-prof|inspect|diagnostic-dir|abort-on|tls-keylog)/

const seconds = (fallback: number, max: number) => z.coerce.number().int().min(1).max(max).default(fallback)

function fault(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message })
  return z.NEVER
}

/** Six fields, seconds first. */
const schedule = z
  .string()
  .regex(/^([0-9*,/-]+ ){5}[0-9*,/-]+$/, 'must be six fields, seconds first, such as `0 * * * * *`')
  .default('0 * * * * *')

/** Never a whole subscription: the gateway has no role there. */
const REVIEW_SCOPE =
  /^\/subscriptions\/[0-9a-f-]{36}\/resourceGroups\/[\w.()-]{1,90}(\/providers\/[\w.]+(\/[\w.()-]+\/[\w.()-]+)+)?$/i

const Settings = z.object({
  SALLYPORT_CLOUD: z.enum(Object.keys(CLOUDS) as [CloudName, ...CloudName[]]).default('AzurePublic'),
  SALLYPORT_IDENTITY: z.string().optional(),
  SALLYPORT_ISSUER: z.url({ protocol: /^https?$/ }),
  SALLYPORT_TABLE_ENDPOINT: z.url({ protocol: /^https$/ }),
  SALLYPORT_VAULTS: z.string().min(1),
  SALLYPORT_GATEWAY_VAULT: z.url({ protocol: /^https$/ }),
  SALLYPORT_TRUSTED_HOPS: z.coerce.number().int().min(0).max(8).default(1),
  SALLYPORT_POLICY_POLL_SECONDS: seconds(5, 60),
  SALLYPORT_POLICY_MAX_STALE_SECONDS: seconds(60, 3_600),
  SALLYPORT_JOURNAL_DEADLINE_MS: z.coerce.number().int().min(100).max(30_000).default(2_000),
  SALLYPORT_SECRET_CACHE_SECONDS: seconds(300, 3_600),
  SALLYPORT_GRANT_MAX_SECONDS: z.coerce.number().int().min(60).max(86_400).default(28_800),
  SALLYPORT_PRINCIPAL_RATE: z
    .string()
    .default('3000/min')
    .transform(
      (text, context) => readRate(text) ?? fault(context, 'must be a rate like 3000/min (sec, min, hour, day)'),
    ),
  SALLYPORT_FRONT_DOOR: z
    .string()
    .regex(/^https?:\/\/[^/?#@\s]+\/?$/, 'must be an origin, without user, path or query')
    .optional(),
  SALLYPORT_ISSUER_PAGES: z
    .string()
    .regex(
      /^https:\/\/[a-z0-9]{3,24}(\.[a-z0-9-]+)+\/(\$web|[a-z0-9](-?[a-z0-9]){2,62})$/,
      'must be a blob container without anything behind it, such as https://<account>.blob.core.windows.net/$web',
    )
    .optional(),
  SALLYPORT_REVIEW_SCOPES: z
    .string()
    .max(8_192)
    .default('')
    .transform((text) => text.split(',').filter((scope) => scope !== ''))
    .refine(
      (scopes) => scopes.every((scope) => REVIEW_SCOPE.test(scope)),
      'must be ids of resource groups or resources, `/subscriptions/…/resourceGroups/…`, separated by commas',
    ),
  SALLYPORT_ROTATE_SCHEDULE: schedule,
  SALLYPORT_SEAL_SCHEDULE: schedule,
  SALLYPORT_POLICY_API: z.literal('on').optional(),
  SALLYPORT_CALLBACK_HOSTS: z.string().max(4_096).default(''),
  SALLYPORT_ALLOW_STUBS: z.literal('1').optional(),
  SALLYPORT_LOCAL_HOSTS: z.string().optional(),
  SALLYPORT_LOCAL_CA: z.string().optional(),
  NODE_OPTIONS: z
    .string()
    .refine(
      (text) => !FORBIDDEN_NODE_OPTIONS.test(text.replaceAll('_', '-')),
      'must not write reports, heap snapshots, core dumps or TLS keys, or open a debugger',
    )
    .optional(),
  /** Would let anybody stand in for the vault or an issuer (T40). */
  NODE_TLS_REJECT_UNAUTHORIZED: z
    .string()
    .refine((text) => text !== '0', 'must not turn the check of certificates off')
    .optional(),
  /** `http` and `tls` print headers, bearer tokens included. */
  NODE_DEBUG: z.literal('', 'must not be set: it prints headers with tokens').optional(),
})

/** What each setting may be, as a JSON Schema: docs/settings.md is made of it. */
export const settingsSchema = () => z.toJSONSchema(Settings, { io: 'input', unrepresentable: 'any' })

/** Names of the settings the gateway reads; infra/ sets exactly these. */
export const SETTING_NAMES = Object.keys(Settings.shape).filter((name) => name.startsWith('SALLYPORT_'))

const VAULT_ALIAS = /^[a-z][a-z0-9-]{0,30}$/

/** Reads and checks the environment; throws one Error that names every wrong setting and what it should be. */
export function loadConfig(env: Record<string, string | undefined>): Config {
  const parsed = Settings.safeParse(env)
  if (!parsed.success)
    throw new Error(faults(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)))
  const settings = parsed.data
  const local = localRoute(settings, env)
  const vaults = readVaults(settings.SALLYPORT_VAULTS)
  const gatewayVault = origin(settings.SALLYPORT_GATEWAY_VAULT)
  if ([...vaults.values()].includes(gatewayVault)) {
    throw new Error(faults(['SALLYPORT_VAULTS: an alias points at the gateway vault, which nobody may name']))
  }
  if (!local && new URL(settings.SALLYPORT_ISSUER).protocol !== 'https:') {
    throw new Error(faults(['SALLYPORT_ISSUER: must be https outside a local run']))
  }
  // An instance that was idle looks at storage when its set is two polls old; a set that is too old by then would be a refusal.
  if (settings.SALLYPORT_POLICY_MAX_STALE_SECONDS < 2 * settings.SALLYPORT_POLICY_POLL_SECONDS) {
    throw new Error(
      faults(['SALLYPORT_POLICY_MAX_STALE_SECONDS: must be at least twice SALLYPORT_POLICY_POLL_SECONDS']),
    )
  }
  // Metadata stands at the root of the host (RFC 8414 §3.1 would put a path behind the well-known part).
  if (!/^https?:\/\/[^/?#]+\/?$/.test(settings.SALLYPORT_ISSUER)) {
    throw new Error(faults(['SALLYPORT_ISSUER: must be an origin, without path or query']))
  }
  return {
    mode: local ? 'local' : 'azure',
    version: VERSION,
    instance: env['WEBSITE_POD_NAME'] ?? env['WEBSITE_INSTANCE_ID'] ?? 'local',
    cloud: settings.SALLYPORT_CLOUD,
    identity: readIdentity(settings.SALLYPORT_IDENTITY, env),
    issuer: settings.SALLYPORT_ISSUER.replace(/\/$/, ''),
    tableEndpoint: origin(settings.SALLYPORT_TABLE_ENDPOINT),
    ownStorageAccounts: readOwnAccounts(settings.SALLYPORT_TABLE_ENDPOINT, env),
    ownHosts: env['WEBSITE_HOSTNAME'] ? [env['WEBSITE_HOSTNAME']] : [],
    vaults,
    gatewayVault,
    trustedHops: settings.SALLYPORT_TRUSTED_HOPS,
    policyPollSeconds: settings.SALLYPORT_POLICY_POLL_SECONDS,
    policyMaxStaleSeconds: settings.SALLYPORT_POLICY_MAX_STALE_SECONDS,
    journalDeadlineMs: settings.SALLYPORT_JOURNAL_DEADLINE_MS,
    secretCacheSeconds: settings.SALLYPORT_SECRET_CACHE_SECONDS,
    principalRate: settings.SALLYPORT_PRINCIPAL_RATE,
    grantMaxSeconds: settings.SALLYPORT_GRANT_MAX_SECONDS,
    frontDoor: readFrontDoor(settings, local),
    reviewScopes: settings.SALLYPORT_REVIEW_SCOPES,
    rotateSchedule: settings.SALLYPORT_ROTATE_SCHEDULE,
    sealSchedule: settings.SALLYPORT_SEAL_SCHEDULE,
    policyApi: settings.SALLYPORT_POLICY_API === 'on',
    callbackHosts: attempt('SALLYPORT_CALLBACK_HOSTS', () =>
      readAllowedHosts(settings.SALLYPORT_CALLBACK_HOSTS, { stubs: local !== undefined }),
    ),
    ...(settings.SALLYPORT_ISSUER_PAGES && { issuerPages: settings.SALLYPORT_ISSUER_PAGES }),
    ...(local && { local }),
  }
}

/** Behind a private network the issuer may be a public page of metadata only. A token must not travel in clear. */
function readFrontDoor(
  { SALLYPORT_FRONT_DOOR, SALLYPORT_ISSUER }: z.infer<typeof Settings>,
  local: LocalRoute | undefined,
): string {
  const door = (SALLYPORT_FRONT_DOOR ?? SALLYPORT_ISSUER).replace(/\/$/, '')
  if (!local && !door.startsWith('https:')) {
    throw new Error(faults(['SALLYPORT_FRONT_DOOR: must be https outside a local run']))
  }
  return door
}

export const VERSION = '0.1.0'

function localRoute(
  settings: z.infer<typeof Settings>,
  env: Record<string, string | undefined>,
): LocalRoute | undefined {
  const { SALLYPORT_ALLOW_STUBS, SALLYPORT_LOCAL_HOSTS, SALLYPORT_LOCAL_CA } = settings
  if (!SALLYPORT_ALLOW_STUBS && !SALLYPORT_LOCAL_HOSTS && !SALLYPORT_LOCAL_CA) return undefined
  const marker = AZURE_MARKERS.find((name) => env[name])
  if (marker)
    throw new Error(
      faults([
        `local servers are refused in Azure (${marker} is set): remove SALLYPORT_ALLOW_STUBS and SALLYPORT_LOCAL_*`,
      ]),
    )
  if (!SALLYPORT_ALLOW_STUBS) throw new Error(faults(['SALLYPORT_LOCAL_*: needs SALLYPORT_ALLOW_STUBS=1']))
  if (!SALLYPORT_LOCAL_HOSTS || !SALLYPORT_LOCAL_CA) {
    throw new Error(faults(['SALLYPORT_ALLOW_STUBS=1 needs SALLYPORT_LOCAL_HOSTS and SALLYPORT_LOCAL_CA']))
  }
  return { hosts: parsePairs('SALLYPORT_LOCAL_HOSTS', SALLYPORT_LOCAL_HOSTS), caPath: SALLYPORT_LOCAL_CA }
}

function readIdentity(setting: string | undefined, env: Record<string, string | undefined>): Config['identity'] {
  const source = attempt('SALLYPORT_IDENTITY', () => readIdentitySource(setting, env))
  const marker = AZURE_MARKERS.find((name) => env[name])
  // The default chain would take whatever it finds, and a stored secret is what a managed identity is there to replace.
  if (marker && !USABLE_IN_AZURE.includes(source.kind)) {
    throw new Error(faults([`SALLYPORT_IDENTITY: only a managed or workload identity in Azure (${marker} is set)`]))
  }
  return { source, described: describeIdentity(source, env) }
}

const USABLE_IN_AZURE: readonly IdentitySource['kind'][] = ['managed', 'workload', 'assertion']

function attempt<T>(setting: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new Error(faults([`${setting}: ${error instanceof Error ? error.message : 'is wrong'}`]))
  }
}

function readVaults(text: string): ReadonlyMap<string, string> {
  const vaults = new Map<string, string>()
  for (const [alias, url] of Object.entries(parsePairs('SALLYPORT_VAULTS', text))) {
    if (!VAULT_ALIAS.test(alias))
      throw new Error(faults([`SALLYPORT_VAULTS: \`${alias}\` is not an alias (a-z, 0-9, -)`]))
    if (!url.startsWith('https://')) throw new Error(faults([`SALLYPORT_VAULTS: \`${alias}\` must be an https URL`]))
    vaults.set(alias, origin(url))
  }
  return vaults
}

/** `name=value,name=value`. */
function parsePairs(setting: string, text: string): Record<string, string> {
  const pairs: Record<string, string> = {}
  for (const part of text.split(',').map((item) => item.trim())) {
    const at = part.indexOf('=')
    if (at < 1) throw new Error(faults([`${setting}: must be name=value,name=value`]))
    pairs[part.slice(0, at)] = part.slice(at + 1)
  }
  return pairs
}

const origin = (url: string) => new URL(url).origin

const faults = (lines: string[]) => `the configuration is wrong:\n${lines.map((line) => `  ${line}`).join('\n')}`
