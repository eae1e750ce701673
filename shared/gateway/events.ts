import { setTimeout } from 'node:timers/promises'
import type { Azure } from '../azure/azure.ts'
import { sharedOnce } from '../azure/once.ts'
import type { Config } from '../config.ts'
import { createEvents, type Events, type EventsDeps } from '../events/events.ts'
import type { Grants } from '../grants/grants.ts'
import { createSeal } from '../grants/seal.ts'
import type { PolicyStore } from '../policy/store.ts'
import type { RotationEvent } from '../rotation/driver.ts'
import type { KeyRing } from '../tokens/keys/key-ring.ts'
import type { Callbacks } from './callbacks.ts'

type Deps = Pick<EventsDeps, 'admit' | 'hashValue' | 'now' | 'report' | 'alarm' | 'note' | 'rotate'> & {
  azure: Pick<Azure, 'table' | 'vault'>
  config: Config
  keys: Pick<KeyRing, 'valueHmac'>
  callbacks: Callbacks
  grants: Pick<Grants, 'recall' | 'store'>
  policy: Pick<PolicyStore, 'current' | 'refresh'>
}

/** Its part of the composition root. */
export function composeEvents({ azure, config, keys, callbacks, grants, policy, ...deps }: Deps): Events {
  return createEvents({
    ...{ ...deps, ...callbacks },
    ...{ table: azure.table('subscriptions'), leases: azure.table('leases') },
    gatewayVault: azure.vault(config.gatewayVault),
    seal: sharedOnce(async () => createSeal(await keys.valueHmac())),
    allowed: config.callbackHosts,
    source: config.issuer,
    maxSeconds: config.grantMaxSeconds,
    pause: async (ms) => void (await setTimeout(ms)),
    random: Math.random,
    refreshPolicy: policy.refresh,
    throughOf: (grant) => grants.recall(grant),
    isTrusted: ({ claims, issuerName }) => policy.current().issuerOf(String(claims['iss']))?.name === issuerName,
    readGrant: (id) => grants.store.read(id),
  })
}

/** A rotation's news as subscribers hear it: what `rotation:read` shows of the run. */
export function rotationEvent({ type, id, rotation, run }: RotationEvent, at: number) {
  const { name, secret } = rotation
  const { version, reason } = run
  const said = type === 'secret.rotated' ? version !== undefined && { version } : reason !== undefined && { reason }
  return { type, id, at, subject: `rotation/${name}`, data: { rotation: name, secret, run: run.id, ...said } }
}
