import { GatewayError } from '../../../../shared/errors.ts'
import { type Authenticator, createAuthenticator } from '../../../../shared/identity/authenticate.ts'
import type { TrustedIssuer } from '../../../../shared/identity/issuer.ts'
import { AUDIENCE, ecKey, HOME, NOON, rsaKey, type SigningKey, v2 } from './tokens.ts'

export const KEY = rsaKey('key-1')
export const EC = ecKey('ec-1')

export const CONTOSO: TrustedIssuer = {
  name: 'contoso',
  issuer: v2(HOME),
  audiences: [AUDIENCE],
  algorithms: ['RS256'],
  principal: 'entra',
}

export const GITHUB: TrustedIssuer = {
  name: 'github',
  issuer: 'https://oidc.example.test',
  audiences: [AUDIENCE],
  algorithms: ['RS256', 'ES256'],
  principal: 'oidc',
}

export type Door = Authenticator & {
  clock: { now: number }
  /** Trusted issuers; tests change the array to change the policy. */
  issuers: TrustedIssuer[]
  /** What the issuers' hosts answer, by URL; a function may fail or wait. */
  documents: Map<string, unknown | (() => unknown)>
  /** URLs asked for, in order. */
  fetched: string[]
  /** `issuer: reason`, in order. */
  refusals: string[]
}

type Options = { issuers?: TrustedIssuer[]; keys?: SigningKey[] }

/** An authenticator over hosts in memory: FetchJson is a port, its own tests use a real server. */
export function createDoor({ issuers = [CONTOSO, GITHUB], keys = [KEY, EC] }: Options = {}): Door {
  const clock = { now: NOON }
  const documents = new Map<string, unknown | (() => unknown)>()
  const fetched: string[] = []
  const refusals: string[] = []
  const trusted = [...issuers]
  for (const { issuer } of issuers) publish(documents, issuer, keys)
  const authenticator = createAuthenticator({
    issuerOf: (iss) => trusted.find(({ issuer }) => issuer === iss),
    fetchJson: async (url) => {
      fetched.push(url)
      const answer = documents.get(url)
      const value: unknown = typeof answer === 'function' ? await answer() : answer
      if (value === undefined) throw new Error('unreachable')
      return structuredClone(value)
    },
    now: () => clock.now,
    refused: (name, reason) => refusals.push(`${name}: ${reason}`),
  })
  return { ...authenticator, clock, issuers: trusted, documents, fetched, refusals }
}

/** Puts discovery and keys where a verifier looks for them; v1 tenants are read at their authority. */
export function publish(documents: Door['documents'], issuer: string, keys: SigningKey[]): void {
  const base = issuer.replace('https://sts.windows.net/', 'https://login.microsoftonline.com/').replace(/\/$/, '')
  documents.set(`${base}/.well-known/openid-configuration`, { issuer, jwks_uri: jwksUri(issuer) })
  documents.set(jwksUri(issuer), { keys: keys.map(({ jwk }) => jwk) })
}

export function jwksUri(issuer: string): string {
  const base = issuer.replace('https://sts.windows.net/', 'https://login.microsoftonline.com/').replace(/\/$/, '')
  return `${base}/keys`
}

/** How often the key set itself was read. */
export const keyReads = ({ fetched }: Door) => fetched.filter((url) => url.endsWith('/keys')).length

/** `code reason` of the GatewayError an authentication ends with, or `passed`. */
export async function outcome(door: Authenticator, token: string): Promise<string> {
  try {
    await door.authenticate(token)
    return 'passed'
  } catch (error) {
    if (error instanceof GatewayError) return `${error.code} ${error.reason}`
    throw error
  }
}
