import { createAzure } from '../shared/azure/azure.ts'
import { loadConfig } from '../shared/config.ts'
import { createSecrets } from '../shared/secrets/secrets.ts'
import type { Benchmark } from './figure.ts'
import { startStack } from './stack.ts'

const WAITERS = 1_000
const ROUNDS = 5

/** B6: what a thousand callers cost the vault when nobody has read the secret before. */
export const singleFlight: Benchmark = {
  id: 'B6',
  what: `${WAITERS} concurrent misses on one secret`,
  run: async (say) => {
    const stack = await startStack()
    try {
      const config = loadConfig(stack.environment)
      const azure = createAzure(config)
      const vaultUrl = config.vaults.get('main') ?? ''
      const calls: number[] = []
      for (let index = 0; index < ROUNDS; index++) {
        const secrets = createSecrets({
          vaults: new Map([['main', azure.vault(vaultUrl, 'main')]]),
          state: azure.table('secretState'),
          cacheSeconds: 300,
          hashValue: async () => 'hash',
          now: Date.now,
          report: () => {},
        })
        const before = await stack.vaultReads()
        const lookUp = secrets.lookUp({ vault: 'main', name: 'stripe-api-key' })
        await Promise.all(Array.from({ length: WAITERS }, () => lookUp({})))
        calls.push((await stack.vaultReads()) - before)
        secrets.close()
        say(`${calls.at(-1)} reads of the value`)
      }
      const worst = Math.max(...calls)
      return {
        what: 'upstream reads of the value for 1,000 concurrent misses',
        value: worst,
        unit: 'calls',
        goal: 'exactly 1',
        met: calls.every((count) => count === 1),
        spread: [Math.min(...calls), worst] as [number, number],
        baseline: '1 call',
      }
    } finally {
      await stack.stop()
    }
  },
}
