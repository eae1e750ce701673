import { join } from 'node:path'
import { vaultName } from './cloud.ts'
import { openVault, type Vault } from './vault.ts'

export type Vaults = {
  ofHost(host: string): Promise<{ name: string; vault: Vault } | undefined>
  close(): Promise<void>
}

export type VaultsDeps = {
  folder: string
  /** `main` or `gateway`. */
  kind: string
  /** Test runs: every `<name>-<kind>.vault.azure.net` (or of another cloud) is a vault of its own, so that test files stay apart. */
  many: boolean
  delayMs: number
  now(): number
}

const NAME = /^[a-z0-9-]{3,40}$/

/** The vaults of one process: `sallyport-<kind>`, also by address, and in test runs any that is asked for. */
export function openVaults({ folder, kind, many, delayMs, now }: VaultsDeps): Vaults {
  const own = `sallyport-${kind}`
  const open = new Map<string, Promise<Vault>>()
  const named = (name: string) => {
    const vault = open.get(name) ?? openVault({ path: join(folder, `${name}.jsonl`), delayMs, now })
    open.set(name, vault)
    return vault
  }
  return {
    async ofHost(host) {
      const name = vaultName(host) ?? own
      const known = name === own || (many && NAME.test(name) && name.endsWith(`-${kind}`))
      return known ? { name, vault: await named(name) } : undefined
    },
    close: async () => {
      await Promise.all([...open.values()].map(async (vault) => (await vault).close()))
    },
  }
}
