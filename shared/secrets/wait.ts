import type { SecretRef } from './secret-ref.ts'

export type WaitDeps = {
  now(): number
  pollSeconds: number
  currentVersion(ref: SecretRef): Promise<string>
  pause?(milliseconds: number): Promise<void>
}

export type Wait = {
  ref: SecretRef
  /** Whether the caller has this version; without a condition, the one that is current when it comes. */
  isKnown?: ((version: string) => boolean) | undefined
  milliseconds: number
}

/** `crowded`: too many wait already. Whatever it says, the full admission follows. */
export type WaitEnd = 'changed' | 'unchanged' | 'crowded'

/** The platform counts a waiting request as a running one. */
const MAX_WAITERS = 8

/** Lets requests wait until a secret's current version changes; woken by the change marker. */
export function createWaiters({ now, pollSeconds, currentVersion, pause = realPause }: WaitDeps) {
  const sleeping = new Set<{ ref: SecretRef; wake: () => void }>()
  let count = 0
  let closed = false

  /** Ends at a change of the secret, at the next poll, or after `milliseconds`. */
  const sleep = async (ref: SecretRef, milliseconds: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const sleeper = { ref, wake: resolve }
    sleeping.add(sleeper)
    await Promise.race([promise, pause(Math.min(milliseconds, pollSeconds * 1_000))])
    sleeping.delete(sleeper)
  }

  const untilChanged = async ({ ref, isKnown, milliseconds }: Wait): Promise<WaitEnd> => {
    const end = now() + milliseconds
    const first = await currentVersion(ref)
    const same = isKnown ?? ((version: string) => version === first)
    for (let version = first; same(version); version = await currentVersion(ref)) {
      const left = end - now()
      if (left <= 0 || closed) return 'unchanged'
      await sleep(ref, left)
    }
    return 'changed'
  }

  return {
    async wait(wait: Wait): Promise<WaitEnd> {
      if (count >= MAX_WAITERS) return 'crowded'
      count += 1
      try {
        return await untilChanged(wait)
      } catch {
        // The admission that follows runs into the same and records it.
        return 'changed'
      } finally {
        count -= 1
      }
    },

    /** Wakes those who wait for the secret, or for any of the vault. */
    changed(vault: string, name?: string): void {
      for (const { ref, wake } of sleeping) {
        if (ref.vault === vault && (name === undefined || ref.name === name)) wake()
      }
    },

    /** Lets everybody go. */
    close(): void {
      closed = true
      for (const { wake } of sleeping) wake()
    },
  }
}

const realPause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds).unref())
