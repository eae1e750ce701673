import type { Agent } from 'node:https'
import type { GoogleToken } from '../../policy/documents/target-kinds/google.ts'
import type { Fetched } from '../broker/broker.ts'
import type { FederationTokens } from '../federation-token.ts'
import { googleFailure } from './failure.ts'
import { readable } from './readable.ts'
import { createTransport, routeSts } from './transport.ts'

/** A token of the gateway's managed identity for a resource of its tenant; throws GatewayError or UpstreamFailure. */
export type OwnEntraToken = (resource: string) => Promise<string>

export type GoogleDeps = { agent?: Agent; federation: FederationTokens; ownEntraToken: OwnEntraToken }

export type Vouched = Pick<GoogleToken, 'provider' | 'subject' | 'entraResource' | 'serviceAccount'> & {
  /** Name of the target that is vouched for. */
  target: string
}

export type AccessOrder = Vouched & {
  scopes: readonly string[]
  lifetimeSeconds: number
  accessBoundary?: GoogleToken['accessBoundary']
}

/** Google as the gateway uses it; every method throws UpstreamFailure or GatewayError and nothing of the library. */
export type Google = {
  /** STS exchange, impersonation, and a credential access boundary where one is given. */
  accessToken(order: AccessOrder, signal: AbortSignal): Promise<Fetched>
  /** An ID token of the service account for an audience, by IAM Credentials. */
  idToken(order: Vouched & { audience: string }, signal: AbortSignal): Promise<string>
}

const IMPERSONATION = 'https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/'
const CLOUD_PLATFORM = 'https://www.googleapis.com/auth/cloud-platform'

/** Google's own library, imported at the first use; a client serves one fetch, the cache is the broker. */
export function createGoogle(deps: GoogleDeps): Google {
  /** The audience is the provider itself, so that the token is worth nothing at any other. */
  const vouch = ({ subject, entraResource, provider, target }: Vouched) =>
    subject === 'entra' && entraResource
      ? deps.ownEntraToken(entraResource)
      : deps.federation({ audience: `https://iam.googleapis.com/${provider}`, target })

  async function openPool(order: Vouched, signal: AbortSignal, options: object) {
    const { IdentityPoolClient } = await import('google-auth-library')
    const transporter = await createTransport({ ...deps, signal })
    const client = new IdentityPoolClient({
      type: 'external_account',
      audience: `//iam.googleapis.com/${order.provider}`,
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: 'https://sts.googleapis.com/v1/token',
      subject_token_supplier: { getSubjectToken: () => vouch(order) },
      transporter,
      ...options,
    })
    return { client: routeSts(client, transporter), transporter }
  }

  type Opened = Awaited<ReturnType<typeof openPool>>

  async function downscoped({ client: authClient, transporter }: Opened, rules: GoogleToken['accessBoundary'] = []) {
    const { DownscopedClient } = await import('google-auth-library')
    const accessBoundaryRules = rules.map(({ availabilityCondition: condition, ...rule }) => ({
      ...rule,
      ...(condition && { availabilityCondition: condition }),
    }))
    const credentialAccessBoundary = { accessBoundary: { accessBoundaryRules } }
    return routeSts(new DownscopedClient({ authClient, credentialAccessBoundary }), transporter)
  }

  return {
    async accessToken(order, signal) {
      try {
        const source = await openPool(order, signal, {
          service_account_impersonation_url: `${IMPERSONATION}${order.serviceAccount}:generateAccessToken`,
          service_account_impersonation: { token_lifetime_seconds: order.lifetimeSeconds },
          scopes: [...order.scopes],
        })
        const client = order.accessBoundary ? await downscoped(source, order.accessBoundary) : source.client
        const { token } = await client.getAccessToken()
        return { token: readable(token), expiresAt: client.credentials.expiry_date ?? Number.NaN }
      } catch (error) {
        throw googleFailure(error)
      }
    },
    async idToken({ audience, ...order }, signal) {
      try {
        const { client } = await openPool(order, signal, { scopes: [CLOUD_PLATFORM] })
        const url = `${IMPERSONATION}${order.serviceAccount}:generateIdToken`
        // Not through the library's `Impersonated`, which writes a warning past our log at each construction.
        const { data } = await client.request<{ token?: unknown }>({
          ...{ url, method: 'POST', responseType: 'json' },
          data: { audience, includeEmail: true },
        })
        return readable(data?.token)
      } catch (error) {
        throw googleFailure(error)
      }
    },
  }
}
