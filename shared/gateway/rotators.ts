import { setTimeout } from 'node:timers/promises'
import type { Azure } from '../azure/azure.ts'
import { CLOUDS } from '../azure/clouds.ts'
import { createJsonService } from '../azure/json-service.ts'
import { dialler } from '../azure/local-route.ts'
import { createSecretLogin } from '../azure/secret-login.ts'
import { createTryKey } from '../azure/storage/try-key.ts'
import type { Config } from '../config.ts'
import { createRotators } from '../rotation/rotators.ts'
import { Secret } from '../secrets/secret.ts'
import type { Callbacks } from './callbacks.ts'

type Deps = {
  config: Config
  azure: Pick<Azure, 'agent' | 'ownToken'>
  callbacks: Callbacks
  now: () => number
}

/** What the rotators reach: databases, Microsoft Graph, Azure Resource Manager, Entra ID and storage accounts of one cloud, and whoever is called back. */
export function composeRotators({ config, azure, callbacks, now }: Deps) {
  const { agent, ownToken } = azure
  const { graph, arm, authority, blobSuffix, databaseAudience } = CLOUDS[config.cloud]
  const way = agent ? { agent } : {}
  const service = (origin: string) => createJsonService({ origin, ownToken, ...way })
  return createRotators({
    dial: dialler(config.local),
    entraToken: async () => new Secret(await ownToken(databaseAudience)),
    graph: service(graph),
    graphOrigin: graph,
    arm: service(arm),
    gateway: config.issuer,
    logIn: createSecretLogin({ authority, ...way }),
    tryKey: createTryKey({ blobSuffix, now, ...way }),
    ...callbacks,
    pause: async (ms, signal) => void (await setTimeout(ms, undefined, { signal })),
    endpointSuffix: blobSuffix.replace(/^blob\./, ''),
  })
}
