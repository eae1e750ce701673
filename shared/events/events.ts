import type { Table } from '../azure/table.ts'
import type { Seal } from '../handles/handle.ts'
import type { Vault } from '../secrets/vault.ts'
import { createCallbackUrls } from './callback-urls.ts'
import { type SubscribeDeps, subscribe } from './subscribe.ts'
import { createSubscriptionRows } from './subscription-rows.ts'
import { unsubscribe, unsubscribeUrl } from './unsubscribe.ts'

export type EventsDeps = Omit<SubscribeDeps, 'rows' | 'urls' | 'unpark'> & {
  /** Table `subscriptions`. */
  table: Table
  gatewayVault: Vault
  seal: () => Promise<Seal>
  report(event: string, detail: Record<string, unknown>): void
}

/** Who hears of what happens. */
export function createEvents(deps: EventsDeps) {
  const rows = createSubscriptionRows(deps)
  const urls = createCallbackUrls(deps.gatewayVault)
  const lifecycle = { ...deps, rows, urls, unpark: async () => undefined }
  return {
    subscribe: (asked: Parameters<typeof subscribe>[1]) => subscribe(lifecycle, asked),
    unsubscribe: (asked: Parameters<typeof unsubscribe>[1]) => unsubscribe(lifecycle, asked),
    unsubscribeUrl: (asked: Parameters<typeof unsubscribeUrl>[1]) => unsubscribeUrl(lifecycle, asked),
  }
}

export type Events = ReturnType<typeof createEvents>
