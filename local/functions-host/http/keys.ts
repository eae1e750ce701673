import { createHash, timingSafeEqual } from 'node:crypto'
import type { AuthLevel } from '../app/index-functions.ts'
import { firstQueryValue } from './query.ts'

/** Keys by level. A function's own keys open that function alone. */
export type KeyValues = {
  master?: string
  function?: readonly string[]
  system?: readonly string[]
  functions?: Readonly<Record<string, readonly string[]>>
}

export type Keys = {
  /** Without keys everybody is admin, as under `func start`. */
  enforced: boolean
  /** What the key of a request may do; `anonymous` for none and for a wrong one. */
  levelOf(key: string | undefined, functionName?: string): AuthLevel
}

type Known = { digest: Buffer; level: AuthLevel; owner: string | undefined }

/**
 * Checks keys in the host's order: master, system, host function keys, the function's own. A spelling in another case
 * passes once the right one was accepted for the same function: the host's cache forgets case (measured), so never rely
 * on it either way.
 */
export function createKeys(values: KeyValues | undefined): Keys {
  const known = values ? [...listKeys(values)] : []
  const accepted = new Map<string, AuthLevel>()

  return {
    enforced: values !== undefined,
    levelOf(key, functionName) {
      if (!values) return 'admin'
      if (!key) return 'anonymous'
      const owner = functionName?.toLowerCase()
      const spelling = `${owner ?? ''}|${key.toLowerCase()}`
      const cached = accepted.get(spelling)
      if (cached) return cached
      const digest = sha256(key)
      const found = known.find((one) => (!one.owner || one.owner === owner) && timingSafeEqual(one.digest, digest))
      if (found) accepted.set(spelling, found.level)
      return found?.level ?? 'anonymous'
    },
  }
}

/** The request's key: header `x-functions-key` (its first value, even when wrong or empty), else `?code=`. */
export function requestKey(rawHeaders: readonly string[], query: string): string | undefined {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if ((rawHeaders[index] as string).toLowerCase() === 'x-functions-key') return rawHeaders[index + 1]
  }
  return firstQueryValue(query, 'code')
}

/** Whether a level opens a function of another: the same one, or admin. */
export function opens(level: AuthLevel, required: AuthLevel): boolean {
  return required === 'anonymous' || level === required || level === 'admin'
}

function* listKeys(values: KeyValues): Generator<Known> {
  if (values.master) yield { digest: sha256(values.master), level: 'admin', owner: undefined }
  for (const key of values.system ?? []) yield { digest: sha256(key), level: 'system', owner: undefined }
  for (const key of values.function ?? []) yield { digest: sha256(key), level: 'function', owner: undefined }
  for (const [name, own] of Object.entries(values.functions ?? {})) {
    for (const key of own) yield { digest: sha256(key), level: 'function', owner: name.toLowerCase() }
  }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
