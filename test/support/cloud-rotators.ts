import { createHash } from 'node:crypto'
import type { Agent } from 'node:https'
import { createAzure } from '../../shared/azure/azure.ts'
import { createSecretLogin } from '../../shared/azure/secret-login.ts'
import { GatewayError } from '../../shared/errors.ts'
import { composeCallbacks } from '../../shared/gateway/callbacks.ts'
import { composeRotators } from '../../shared/gateway/rotators.ts'
import type { RotationDocument } from '../../shared/policy/documents/rotation.ts'
import type { Rotator } from '../../shared/rotation/rotator.ts'
import { Secret } from '../../shared/secrets/secret.ts'
import { httpsCall } from './https-call.ts'
import type { TestRig } from './rig.ts'
import { rotationDocument, rotationDriver } from './rotation.ts'
import { directory } from './tenant.ts'

type Call = 'create' | 'set' | 'verify' | 'retire' | 'undo'

/** The driver over the rotators as the gateway composes them; `die(call)` ends the next such call after its work. */
export async function cloudRotators(local: TestRig) {
  const azure = createAzure(local.config())
  const signer = () => Promise.reject(new GatewayError('keys_unavailable', 'no_keys_here'))
  const config = local.config()
  const callbacks = composeCallbacks({ config, keys: { signer }, now: Date.now })
  const rotatorOf = composeRotators({ config, azure, callbacks, now: Date.now })
  let deadly: Call | undefined
  const mortal = (rotator: Rotator): Rotator => {
    const wrap =
      <A extends unknown[], T>(name: Call, act: (...given: A) => Promise<T>) =>
      async (...given: A) => {
        const done = await act(...given)
        if (deadly !== name) return done
        deadly = undefined
        // The driver stores nothing of an outage of the gateway's own: what is outside stays as a death would leave it.
        throw new GatewayError('storage_unavailable', 'killed')
      }
    const { create, set, verify, retire, undo } = rotator
    return {
      create: wrap('create', create),
      set: wrap('set', set),
      verify: wrap('verify', verify),
      retire: wrap('retire', retire),
      undo: wrap('undo', undo),
    }
  }
  const driver = await rotationDriver(local, (rotation) => mortal(rotatorOf(rotation)))
  const main = driver.vaults.get('main')
  if (!main) throw new Error('no vault')
  const quick = {
    every: '30d',
    verify: { successes: 1, over: '1s' },
    retire: { lookBack: '7d', deadline: '1h' },
    onFailure: { attempts: 3, backoff: '1m', cap: '1h' },
  }
  return {
    ...driver,
    main,
    die: (call: Call) => {
      deadly = call
    },
    document: (fields: Record<string, unknown>): RotationDocument => rotationDocument({ ...quick, ...fields }),
    /** Drives until the run is retired, over deaths; `check` after each turn. */
    async survive(rotation: RotationDocument, check: () => Promise<void>) {
      for (let turns = 0; turns < 20; turns += 1) {
        const driven = await driver.drive(rotation).catch((error: unknown) => {
          if (!(error instanceof GatewayError) || error.reason !== 'killed') throw error
        })
        await check()
        if (driven?.outcome === 'waits') driver.clock.now = Math.max(driver.clock.now, driven.nextAt)
        const { run } = await driver.states.read(rotation.name)
        if (run?.state === 'retired') return run
      }
      throw new Error('the run did not end')
    },
    /** Text of a version of the secret. */
    text: async (name: string, version?: string) => (await main.get(name, version)).value.within((value) => value),
    /** Goes to when the secret is due again. */
    nextTurn: () => {
      driver.clock.now += 31 * 86_400_000
    },
  }
}

let made = 0

/** An application of the directory whose owner the gateway is, unless told; ids of this file alone. */
export async function application(local: TestRig, { owners = [directory.gatewayIdentity?.objectId ?? ''] } = {}) {
  made += 1
  const hex = createHash('sha256').update(`${local.account} ${made}`).digest('hex')
  const id = (first: string) =>
    `${first}${hex.slice(1, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
  const app = {
    name: `app-${local.account}-${made}`,
    appId: id('a'),
    objectId: id('b'),
    applicationId: id('e'),
    owners,
  }
  const first = `first-${hex}`
  await local.identityControl.register(app, first)
  const login = createSecretLogin({ authority: 'https://login.microsoftonline.com', agent: local.agent })
  return {
    ...app,
    first,
    /** Whether the secret gets a token now. */
    async works(secret: string): Promise<boolean> {
      const signal = AbortSignal.timeout(20_000)
      const asked = { clientId: app.appId, secret: new Secret(secret), resource: 'https://graph.microsoft.com', signal }
      return login({ tenant: local.tenant, ...asked }).then(
        () => true,
        () => false,
      )
    },
    /** Names of its client secrets, as Graph lists them. */
    names: async () => (await graph(local, `applications/${app.applicationId}`)).map(({ displayName }) => displayName),
    control: local.identityControl.of(app.applicationId),
  }
}

type Listed = { passwordCredentials: { displayName: string | null; keyId: string }[] }

async function graph({ agent, environment }: { agent: Agent; environment: Record<string, string> }, path: string) {
  const token = await managedToken(environment, 'https://graph.microsoft.com')
  const headers = { authorization: `Bearer ${token}` }
  const { json } = await httpsCall(`https://graph.microsoft.com/v1.0/${path}`, { agent, headers })
  return (json as unknown as Listed).passwordCredentials
}

/** The gateway's own token for a resource. */
export async function managedToken(environment: Record<string, string>, resource: string): Promise<string> {
  const url = `${environment['IDENTITY_ENDPOINT']}?api-version=2019-08-01&resource=${resource}`
  const answer = await fetch(url, { headers: { 'x-identity-header': environment['IDENTITY_HEADER'] ?? '' } })
  return ((await answer.json()) as { access_token: string }).access_token
}
