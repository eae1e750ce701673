import { createHash, timingSafeEqual } from 'node:crypto'
import type { Cloud } from '../../../shared/azure/clouds.ts'
import type { Holder } from './access-token.ts'
import type { AssertionVerifier } from './client-assertion.ts'
import type { ClientPasswords } from './client-passwords.ts'
import type { Directory, RegisteredApp } from './directory.ts'
import { EntraError } from './entra-error.ts'

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

export type ClientAuthenticationDeps = {
  directory: Directory
  passwords: Pick<ClientPasswords, 'check'>
  verifyAssertion: AssertionVerifier
}

type ClientRequest = { form: URLSearchParams; authorization: string | undefined; cloud: Cloud }

/** Who calls the token endpoint, and how: by client secret (form or Basic) or by client assertion (RFC 7523). Throws EntraError. */
export async function authenticateClient(
  { form, authorization, cloud }: ClientRequest,
  { directory, passwords, verifyAssertion }: ClientAuthenticationDeps,
): Promise<{ holder: Holder; by: 'secret' | 'certificate' | 'federated' }> {
  const basic = parseBasic(authorization)
  const clientId = basic?.id ?? form.get('client_id') ?? undefined
  if (!clientId) throw missing('client_id')
  const app = directory.app(clientId)
  if (!app) {
    const text = `Application with identifier '${clientId}' was not found in the directory '${directory.tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.`
    throw new EntraError(400, 'unauthorized_client', 700016, text)
  }
  const assertion = form.get('client_assertion')
  if (assertion !== null) {
    if (form.get('client_assertion_type') !== JWT_BEARER) {
      throw new EntraError(
        400,
        'invalid_request',
        900144,
        `The request body must contain the following parameter: 'client_assertion_type'.`,
      )
    }
    return { by: await verifyAssertion(assertion, app, cloud), holder: holder(app, '2') }
  }
  const secret = basic?.secret ?? form.get('client_secret')
  if (!secret) {
    const text = `The request body must contain the following parameter: 'client_assertion' or 'client_secret'.`
    throw new EntraError(401, 'invalid_client', 7000218, text)
  }
  const verdict = passwords.check(app, secret)
  if (verdict === 'expired') {
    const text = `The provided client secret keys for app '${app.appId}' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.`
    throw new EntraError(401, 'invalid_client', 7000222, text)
  }
  if (verdict === 'wrong') {
    const text = `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${app.appId}'.`
    throw new EntraError(401, 'invalid_client', 7000215, text)
  }
  return { by: 'secret', holder: holder(app, '1') }
}

export const missing = (parameter: string) =>
  new EntraError(
    400,
    'invalid_request',
    900144,
    `The request body must contain the following parameter: '${parameter}'.`,
  )

const holder = ({ appId, objectId, roles, groups }: RegisteredApp, proof: '1' | '2'): Holder => ({
  appId,
  objectId,
  roles,
  groups,
  proof,
})

/** RFC 6749 §2.3.1: both parts are form-encoded before they are joined. */
function parseBasic(authorization: string | undefined): { id: string; secret: string } | undefined {
  const encoded = /^basic\s+(\S+)$/i.exec(authorization ?? '')?.[1]
  if (!encoded) return undefined
  const [id = '', ...rest] = Buffer.from(encoded, 'base64').toString('utf8').split(':')
  try {
    return { id: decodeURIComponent(id), secret: decodeURIComponent(rest.join(':')) }
  } catch {
    return undefined
  }
}

export function sameSecret(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(one), digest(other))
}
