import type { Azure } from '../azure/azure.ts'
import { CLOUDS, type CloudName } from '../azure/clouds.ts'
import type { Config } from '../config.ts'
import type { FetchJson } from '../identity/fetch-json.ts'
import { createAssumeRole } from '../tokens/aws/assume-role.ts'
import type { Broker } from '../tokens/broker/broker.ts'
import type { PasswordCheckDeps } from '../tokens/entra/password-check.ts'
import { createFederationTokens } from '../tokens/federation-token.ts'
import { createGoogle } from '../tokens/google/google.ts'
import { createIdTokens } from '../tokens/google/id-token.ts'
import { createPassedIdTokens } from '../tokens/google/passed-id-token.ts'
import type { KeyRing } from '../tokens/keys/key-ring.ts'
import { createKinds } from '../tokens/kinds/kinds.ts'

type Deps = {
  config: Config
  azure: Azure
  broker: Broker
  keys: KeyRing
  passwords: PasswordCheckDeps
  fetchJson: FetchJson
  now: () => number
}

/** The part of the composition root that makes tokens of every kind. */
export function composeKinds({
  config,
  azure,
  broker,
  keys,
  passwords,
  fetchJson,
  now,
}: Deps): ReturnType<typeof createKinds> {
  const { exchangeAudience, registrySuffix, webPubSubSuffix } = CLOUDS[config.cloud]
  const federation = createFederationTokens({ keys, issuer: config.issuer, now })
  const abroad = { ...(azure.agent && { agent: azure.agent }), federation }
  const google = createGoogle({ ...abroad, ownEntraToken: azure.ownToken })
  const exchange = { entra: azure.entra, exchangeAudience }
  return createKinds({
    keys,
    issuer: config.issuer,
    storage: {
      sign: azure.sasSigner(broker),
      suffixes: storageSuffixes(config.cloud),
      ownAccounts: config.ownStorageAccounts,
    },
    acr: { broker, registry: azure.registry, suffix: registrySuffix, now },
    webPubSub: { generate: azure.webPubSub, suffix: webPubSubSuffix, now },
    google: { broker, google, now },
    aws: { broker, assumeRole: createAssumeRole(abroad), now },
    entra: { ...passwords, ...exchange, federationToken: federation },
    entraFromGoogle: {
      ...{ broker, ...exchange, idTokens: createIdTokens({ ...abroad, google }), vault: passwords.vault, now },
      passedIdToken: createPassedIdTokens({ fetchJson, audience: exchangeAudience, now }),
    },
  })
}

const storageSuffixes = (cloud: CloudName) => {
  const { blobSuffix, queueSuffix, tableSuffix } = CLOUDS[cloud]
  return { blob: blobSuffix, queue: queueSuffix, table: tableSuffix }
}
