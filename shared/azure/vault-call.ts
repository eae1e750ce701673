import type { SecretClient } from '@azure/keyvault-secrets'
import { GatewayError } from '../errors.ts'
import { withDeadline } from './deadline.ts'
import { failureOf } from './failure.ts'
import { grantAdvice, type VaultOperation, vaultError } from './vault-error.ts'

export type KeyVaultDeps = {
  url: string
  /** Values of an aliased vault can be revealed; without an alias they cannot (the gateway's own vault). */
  alias?: string | undefined
  open(): Promise<SecretClient>
  /** Operators' trace: what to grant after a 403. */
  report(event: string, detail: Record<string, unknown>): void
  /** Who the gateway is to Azure, for that trace. */
  identity(): string | undefined
}

export type VaultCall = <T>(
  operation: VaultOperation,
  act: (client: SecretClient, abortSignal: AbortSignal) => Promise<T>,
  options?: { repeat: boolean },
) => Promise<T>

/** One call under the deadline, its failures mapped. */
export function createVaultCall(deps: KeyVaultDeps): VaultCall {
  return (operation, act, options) =>
    mapped(deps, operation, async () => {
      const client = await deps.open()
      return withDeadline(undefined, (signal) => act(client, signal), options)
    })
}

/** Turns whatever comes out of `act` into one of ours; a 403 tells the operators what to grant. */
export async function mapped<T>(deps: KeyVaultDeps, operation: VaultOperation, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof GatewayError) throw error
    const failure = failureOf(error)
    const ours = vaultError(failure, operation)
    if (ours.reason === 'vault_forbidden' && failure.kind === 'status') {
      deps.report('vault.forbidden', grantAdvice({ url: deps.url, operation, failure, identity: deps.identity() }))
    }
    throw ours
  }
}
