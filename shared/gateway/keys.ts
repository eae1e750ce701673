import type { Azure } from '../azure/azure.ts'
import type { Config } from '../config.ts'
import type { KeyStoreDeps } from '../tokens/keys/bootstrap.ts'
import { type TendDeps, type Tended, tendKeys } from '../tokens/keys/pages/tend-keys.ts'
import { issuerMetadata } from '../tokens/metadata.ts'

type Deps = {
  azure: Pick<Azure, 'pageStore' | 'clockSkewMs'>
  config: Pick<Config, 'issuer' | 'frontDoor' | 'issuerPages'>
  /** Makes the keys where nobody has asked for one yet. */
  ready: () => Promise<void>
  keyStore: KeyStoreDeps
  journal: TendDeps['journal']
}

/** Its part of the composition root: the signing keys' lives, and the page that is the issuer where the app is not. */
export function composeKeyTimer({ azure, config, ready, keyStore, journal }: Deps): () => Promise<Tended> {
  const { issuerPages } = config
  const deps = { ...keyStore, journal, clockSkewMs: azure.clockSkewMs }
  if (issuerPages === undefined) return () => tendKeys(deps)
  const metadata = issuerMetadata(config)
  const documents = {
    '.well-known/openid-configuration': metadata,
    '.well-known/oauth-authorization-server': metadata,
  }
  const page = { store: azure.pageStore(issuerPages), documents }
  return async () => {
    // Others must be able to verify the first token of all. What keeps the keys from being there, the publication says.
    await ready().catch(() => undefined)
    return tendKeys({ ...deps, page })
  }
}
