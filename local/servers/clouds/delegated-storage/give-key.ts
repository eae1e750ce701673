import type { ServerAnswer, ServerRequest } from '../../http-server.ts'
import type { Accounts } from '../accounts.ts'
import { type AzureCallerDeps, azurePrincipal } from '../azure-caller.ts'
import { storageAnswer, storageRefusal } from './answers.ts'
import { type DelegationKeys, letterOf } from './delegation-keys.ts'
import type { Place } from './place.ts'

export type GiveKeyDeps = AzureCallerDeps & { accounts: Accounts; keys: DelegationKeys; tenant: string }

export const STORAGE_AUDIENCES = ['https://storage.azure.com', 'https://storage.azure.com/']
const MAX_MS = 7 * 86_400_000

export const isKeyRequest = ({ method, url }: ServerRequest, { segments }: Place) =>
  method === 'POST' && segments.length === 0 && url.searchParams.get('comp') === 'userdelegationkey'

/**
 * Get User Delegation Key (learn.microsoft.com/rest/api/storageservices/get-user-delegation-key): for a bearer of the account's tenant who
 * is in `storageDelegators`; start and expiry within seven days of now. 401 without such a token, 403 without the role.
 */
export async function giveKey(request: ServerRequest, place: Place, deps: GiveKeyDeps): Promise<ServerAnswer> {
  const { account, service } = place
  const refuse = (code: Parameters<typeof storageRefusal>[2]) => storageRefusal(request, service, code, challenge(deps))
  const version = String(request.headers['x-ms-version'] ?? '')
  if (request.url.searchParams.get('restype') !== 'service') return refuse('InvalidUri')
  if (!/^\d{4}-\d\d-\d\d$/.test(version)) return refuse('MissingRequiredHeader')
  const [, bearer] = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '') ?? []
  if (!bearer) return refuse('NoAuthenticationInformation')
  const caller = await azurePrincipal(bearer, STORAGE_AUDIENCES, deps)
  if (caller?.tenant !== deps.tenant) return refuse('InvalidAuthenticationInfo')
  if (!deps.accounts.storageDelegators(account).includes(caller.objectId))
    return refuse('AuthorizationPermissionMismatch')
  const asked = askedIn(request.body)
  if (!asked) return refuse('InvalidXmlDocument')
  const { delegatedTenant } = asked
  const start = timeWithin(asked.start ?? new Date(deps.now()).toISOString(), deps.now())
  const expiry = timeWithin(asked.expiry, deps.now())
  if (!start || !expiry || expiry <= start) return refuse('InvalidXmlNodeValue')
  const wanted = { ...caller, account, service, start, expiry, version, ...(delegatedTenant && { delegatedTenant }) }
  const members = {
    SignedOid: caller.objectId,
    SignedTid: caller.tenant,
    SignedStart: start,
    SignedExpiry: expiry,
    SignedService: letterOf(service),
    SignedVersion: version,
    ...(delegatedTenant && { SignedDelegatedUserTid: delegatedTenant }),
    Value: deps.keys.issue(wanted).value,
  }
  const inner = Object.entries(members).map(([name, value]) => `<${name}>${value}</${name}>`)
  return storageAnswer(request, 200, { xml: `<UserDelegationKey>${inner.join('')}</UserDelegationKey>` })
}

function askedIn(body: string): { start?: string; expiry: string; delegatedTenant?: string } | undefined {
  const member = (name: string) => new RegExp(`<${name}>([^<]+)</${name}>`).exec(body)?.[1]
  const [start, expiry, delegatedTenant] = [member('Start'), member('Expiry'), member('DelegatedUserTid')]
  if (!/<KeyInfo>.*<\/KeyInfo>\s*$/s.test(body) || expiry === undefined) return undefined
  return { expiry, ...(start !== undefined && { start }), ...(delegatedTenant !== undefined && { delegatedTenant }) }
}

/** To whole seconds; undefined for no time, and for one that is more than seven days away. */
function timeWithin(text: string, now: number): string | undefined {
  const at = Date.parse(text)
  return Math.abs(at - now) <= MAX_MS ? `${new Date(at).toISOString().slice(0, 19)}Z` : undefined
}

/** Clients that know no tenant yet ask for one this way (documented with every 401). */
const challenge = ({ tenant }: GiveKeyDeps) => ({
  'www-authenticate': `Bearer authorization_uri=https://login.microsoftonline.com/${tenant}/oauth2/authorize resource_id=https://storage.azure.com`,
})
