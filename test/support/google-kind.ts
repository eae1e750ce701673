import { GatewayError } from '../../shared/errors.ts'
import { TargetDocument } from '../../shared/policy/documents/target.ts'
import { type Broker, createBroker } from '../../shared/tokens/broker/broker.ts'
import { createGoogle } from '../../shared/tokens/google/google.ts'
import { createGoogleKind } from '../../shared/tokens/kinds/google.ts'
import type { TokenOrder } from '../../shared/tokens/kinds/kind.ts'
import { FEDERATION_ISSUER, type federationKey, googleNames, orderFor } from './google.ts'
import type { TestRig } from './rig.ts'

export type GoogleOrder = TokenOrder<'google'>

export const BIGQUERY = 'https://www.googleapis.com/auth/bigquery.readonly'
export const STORAGE = 'https://www.googleapis.com/auth/devstorage.read_only'

/** The google kind with its real library on the local clouds, under a clock and a broker of its own. */
export async function googleKind(local: TestRig, key: Awaited<ReturnType<typeof federationKey>>) {
  const names = googleNames(local)
  const clock = { now: Date.now() }
  const broker: Broker = createBroker({ now: () => clock.now })
  // What Entra gives the gateway's managed identity, here to the operator: the issuer is what matters.
  const ownEntraToken = () => local.operatorToken('https://vault.azure.net')
  const google = createGoogle({ agent: local.agent, federation: key.federation, ownEntraToken })
  const kind = createGoogleKind({ broker, google, now: () => clock.now })
  await local.cloudControl('google').clear()
  await local.addClouds({
    providers: [
      {
        ...{ project: '123456789012', pool: names.pool, provider: 'gateway' },
        ...{ issuer: FEDERATION_ISSUER, jwks: key.jwks },
      },
    ],
    serviceAccounts: [{ email: names.serviceAccount, impersonators: [names.subject('bigquery')] }],
  })
  const target = (changes: object = {}) =>
    TargetDocument.parse({
      kind: 'target',
      name: 'bigquery',
      access: 'read',
      token: {
        kind: 'google',
        provider: names.provider,
        serviceAccount: names.serviceAccount,
        scopes: [BIGQUERY, STORAGE],
        ...changes,
      },
    }) as GoogleOrder['target']
  const mint = async (changes: Partial<GoogleOrder> = {}, on = target()) =>
    (await kind.plan(orderFor<'google'>(on, { now: clock.now, ...changes }))).mint()
  return { clock, target, mint, google }
}

/** What a caller would get of a failure. */
export async function refusal(promise: Promise<unknown>) {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(thrown instanceof GatewayError)) throw new Error(`no GatewayError: ${String(thrown)}`)
  return { code: thrown.code, reason: thrown.reason, ...thrown.extras }
}
