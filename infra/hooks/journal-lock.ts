/** So long after `azd provision` a deployment of the code is let begin. */
export const ROLES_COUNT_AFTER_MS = 60_000

/** State and ETag out of what `az storage container immutability-policy show` prints; undefined when that is something else. */
export function policyOf(text: string | null): { state: 'Locked' | 'Unlocked'; etag: string } | undefined {
  try {
    const { state, etag } = JSON.parse(text ?? '') as Record<string, unknown>
    if ((state === 'Locked' || state === 'Unlocked') && typeof etag === 'string' && etag !== '') return { state, etag }
  } catch {
    // Said by the caller: az has printed its own error.
  }
  return undefined
}
