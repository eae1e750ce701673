import type { Journal } from './audit/entry.ts'
import { systemEntry } from './audit/system-entry.ts'
import type { Config } from './config.ts'

export type WarmUpDeps = {
  config: Pick<Config, 'identity' | 'mode' | 'version' | 'cloud'>
  azure: { checkIdentity(): Promise<void>; identityTrouble(): object | undefined }
  keys: { ready(): Promise<void> }
  policy: { start(): void }
  journal: Pick<Journal, 'follow'>
  now(): number
  report(event: string, detail: Record<string, unknown>): void
}

/** Loading SDKs keeps the thread: what needs none of it, such as the first 401 or a bare start, is not made to wait. */
const AFTER_MS = 250

/**
 * Fetches what every caller needs (SDKs, own identity, keys, policies, a writer of the journal), all at the same time, when the
 * first caller comes or a moment after the start. When that fails, the first request tries again.
 */
export function createWarmUp({ config, azure, keys, policy, journal, now, report }: WarmUpDeps) {
  let begun = false
  const timer = setTimeout(begin, AFTER_MS).unref()

  function begin(): void {
    if (begun) return
    begun = true
    clearTimeout(timer)
    policy.start()
    void run()
  }

  async function run(): Promise<void> {
    const identity = config.identity.described
    // An identity that cannot work is said at the start and by name, not by the first caller's 503.
    const unusable = () => report('identity.unusable', { identity, ...azure.identityTrouble() })
    await Promise.all([azure.checkIdentity().catch(unusable), keys.ready().catch(() => undefined)])
    const detail = { mode: config.mode, version: config.version, cloud: config.cloud, identity }
    journal.follow(systemEntry(now(), 'gateway.started', detail))
  }

  return {
    begin,
    /** For a process that ends before. */
    cancel(): void {
      begun = true
      clearTimeout(timer)
    },
  }
}
