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
  const find = async (runId: string, version?: string): Promise<VaultSecret | undefined> => {
    try {
      return await vault.get(name(runId), version)
    } catch (error) {
      if (error instanceof GatewayError && (error.code === 'secret_not_found' || error.code === 'secret_disabled'))
        return undefined
      throw error
    }
  }
  const versions = async (runId: string) => {
    try {
      return await vault.versions(name(runId))
    } catch (error) {
      if (error instanceof GatewayError && error.code === 'secret_not_found') return []
      throw error
    }
  }
  return {
    /** That version, else the newest: a run that ended between storing the value and noting its version. */
    async read(runId: string, version?: string): Promise<{ value: Secret; version: string } | undefined> {
      const found = await find(runId, version)
      return found && { value: found.value, version: found.version }
    },
    /** Gives the version. */
    async store(runId: string, value: Secret): Promise<string> {
      return (await vault.set(name(runId), { value, contentType: 'sallyport/pending' })).version
    },
    /** When its run ends; our role cannot delete. Again and again is no error. */
    async disable(runId: string): Promise<void> {
      for (const { version, enabled } of await versions(runId))
        if (enabled) await vault.setEnabled(name(runId), version, false)
    },
  }
}

export type PendingValues = ReturnType<typeof createPendingValues>
