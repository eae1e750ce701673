import type { Holder } from './access-token.ts'
import { missing, sameSecret } from './client-authentication.ts'
import type { Directory } from './directory.ts'
import { EntraError } from './entra-error.ts'

const LOCKED_AFTER = 10

/** Resource owner password credentials (RFC 6749 §4.3) of a user through a public client; errors and lockout as Entra's. */
export function authenticateUser(form: URLSearchParams, directory: Directory): Holder {
  const [clientId, username, password] = ['client_id', 'username', 'password'].map((name) => {
    const value = form.get(name)
    if (!value) throw missing(name)
    return value
  })
  const app = directory.app(clientId ?? '')
  if (!app) {
    const text = `Application with identifier '${clientId}' was not found in the directory '${directory.tenant}'.`
    throw new EntraError(400, 'unauthorized_client', 700016, text)
  }
  const user = directory.user(username ?? '')
  if (user && user.failures >= LOCKED_AFTER) {
    throw new EntraError(
      400,
      'invalid_grant',
      50053,
      'The account is locked, you have tried to sign in too many times.',
    )
  }
  if (!user || !sameSecret(password ?? '', user.password)) {
    if (user) user.failures += 1
    throw new EntraError(
      400,
      'invalid_grant',
      50126,
      'Error validating credentials due to invalid username or password.',
    )
  }
  user.failures = 0
  const { objectId } = user
  return { appId: app.appId, objectId: app.objectId, proof: '1', user: { objectId, username: user.username } }
}
