import type { SystemEntry } from './entry.ts'

/** Something about the gateway itself, at a time in milliseconds. */
export const systemEntry = (now: number, event: string, detail: SystemEntry['detail']): SystemEntry => ({
  kind: 'system',
  time: new Date(now).toISOString(),
  event,
  detail,
})
