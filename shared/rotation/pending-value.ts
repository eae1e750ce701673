import { GatewayError } from '../errors.ts'
import type { Secret } from '../secrets/secret.ts'
import type { Vault, VaultSecret } from '../secrets/vault.ts'

/**
 * The value of a run that is not published yet: `pending-<run id>` of the gateway vault, which no document and no caller can
 * name. It never enters the target secret before: a disabled newest version would break everybody who reads the vault
 * directly, an enabled one would be served at once.
 */
export function createPendingValues(vault: Vault) {
  const name = (runId: string) => `pending-${runId}`
  const find = async (runId: string): Promise<VaultSecret | undefined> => {
    try {
      return await vault.get(name(runId))
    } catch (error) {
      if (error instanceof GatewayError && (error.code === 'secret_not_found' || error.code === 'secret_disabled'))
        return undefined
      throw error
    }
  }
  return {
    read: async (runId: string): Promise<Secret | undefined> => (await find(runId))?.value,
    async store(runId: string, value: Secret): Promise<void> {
      await vault.set(name(runId), { value, contentType: 'sallyport/pending' })
    },
    /** When its run ends; our role cannot delete. Again and again is no error. */
    async disable(runId: string): Promise<void> {
      const found = await find(runId)
      if (found?.enabled) await vault.setEnabled(name(runId), found.version, false)
    },
  }
}

export type PendingValues = ReturnType<typeof createPendingValues>
