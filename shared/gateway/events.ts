import { setTimeout } from 'node:timers/promises'
import type { Azure } from '../azure/azure.ts'
import { sharedOnce } from '../azure/once.ts'
import type { Config } from '../config.ts'
import { createEvents, type Events, type EventsDeps } from '../events/events.ts'
import { createSeal } from '../grants/seal.ts'
import type { KeyRing } from '../tokens/keys/key-ring.ts'

type Deps = Pick<EventsDeps, 'admit' | 'hashValue' | 'now' | 'report'> & {
  azure: Pick<Azure, 'table' | 'vault'>
  config: Config
  keys: Pick<KeyRing, 'valueHmac'>
}

/** Its part of the composition root. */
export function composeEvents({ azure, config, keys, ...deps }: Deps): Events {
  return createEvents({
    ...deps,
    ...{ table: azure.table('subscriptions'), leases: azure.table('leases') },
    gatewayVault: azure.vault(config.gatewayVault),
    seal: sharedOnce(async () => createSeal(await keys.valueHmac())),
    allowed: config.callbackHosts,
    maxSeconds: config.grantMaxSeconds,
    pause: async (ms) => void (await setTimeout(ms)),
  })
}
