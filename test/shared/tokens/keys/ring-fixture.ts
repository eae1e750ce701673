import { createAzure } from '../../../../shared/azure/azure.ts'
import type { Table } from '../../../../shared/azure/table.ts'
import type { Vault } from '../../../../shared/secrets/vault.ts'
import { createKeyRing, type KeyRing } from '../../../../shared/tokens/keys/key-ring.ts'
import { scopedTable, scopedVault, type Watch, watchTable, watchVault } from '../../../support/key-store.ts'
import { rig, type TestRig } from '../../../support/rig.ts'

export type Told = { event: string; detail: Record<string, unknown> }

/** One key store of its own on the run's Azurite and gateway vault; any number of processes may open it. */
export type KeyStore = {
  keys: Table
  leases: Table
  vault: Vault
  clock: { now: number }
  told: Told[]
  open(watch?: Watch): KeyRing
  /** Rows of table `keys`, the fence left out. */
  rows(): Promise<Record<string, unknown>[]>
}

export async function keyStores(): Promise<{ rig: TestRig; store: () => KeyStore }> {
  const servers = rig()
  await servers.createStorage()
  const config = servers.config()
  const azure = createAzure(config)
  let count = 0
  const store = (): KeyStore => {
    const scope = `k${++count}`
    const keys = scopedTable(azure.table('keys'), scope)
    const leases = scopedTable(azure.table('leases'), scope)
    const vault = scopedVault(azure.vault(config.gatewayVault), scope)
    const clock = { now: Date.UTC(2026, 10, 25) }
    const told: Told[] = []
    return {
      keys,
      leases,
      vault,
      clock,
      told,
      open: (watch) =>
        createKeyRing({
          keys: watch ? watchTable(keys, watch) : keys,
          leases: watch ? watchTable(leases, watch) : leases,
          vault: watch ? watchVault(vault, watch) : vault,
          now: () => clock.now,
          report: (event, detail) => told.push({ event, detail }),
        }),
      async rows() {
        const rows: Record<string, unknown>[] = []
        for await (const row of keys.list({ partitionKey: 'keys' })) if (row.rowKey !== '_fence') rows.push(row)
        return rows
      },
    }
  }
  return { rig: servers, store }
}

export const SECRETS = ['signing-es256', 'signing-rs256', 'journal-master', 'value-hmac']

/** `code reason` of what a call was refused with. */
export const refusal = (act: Promise<unknown>) =>
  act.then(
    () => 'done',
    (error: { code?: string; reason?: string }) => `${error.code} ${error.reason}`,
  )
