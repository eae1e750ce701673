import { GatewayError } from '../errors.ts'
import type { Secret } from '../secrets/secret.ts'
import type { Vault } from '../secrets/vault.ts'

const nameOf = (id: string) => `callback-${id}`
const GONE: ReadonlySet<string> = new Set(['secret_not_found', 'secret_disabled'])

const orGone = async <T>(act: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await act()
  } catch (error) {
    if (error instanceof GatewayError && GONE.has(error.code)) return undefined
    throw error
  }
}

/**
 * Callback URLs: `callback-<id>` of the gateway vault, which no document and no caller can name. Whoever has such a URL can
 * send events in our name to whoever does not look at the signature. Methods throw what the vault throws.
 */
export function createCallbackUrls(vault: Vault) {
  return {
    /** Undefined when it was disabled or is not there. */
    read: (id: string, version: string): Promise<Secret | undefined> =>
      orGone(async () => (await vault.get(nameOf(id), version)).value),
    /** Gives the version. */
    async store(id: string, url: Secret): Promise<string> {
      return (await vault.set(nameOf(id), { value: url, contentType: 'sallyport/callback' })).version
    },
    /** Our role cannot delete. Again and again is no error. */
    async disable(id: string): Promise<void> {
      for (const { version, enabled } of (await orGone(() => vault.versions(nameOf(id)))) ?? [])
        if (enabled) await vault.setEnabled(nameOf(id), version, false)
    },
  }
}

export type CallbackUrls = ReturnType<typeof createCallbackUrls>
