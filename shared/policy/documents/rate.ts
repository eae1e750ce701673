const WINDOW_SECONDS = { sec: 1, min: 60, hour: 3_600, day: 86_400 } as const
const RATE = /^([1-9]\d{0,6})\/(sec|min|hour|day)$/

/** `60/min` → 60 in 60 seconds; undefined when it is not of that form. */
export function readRate(text: string): { count: number; windowSeconds: number } | undefined {
  const [, count, unit] = RATE.exec(text) ?? []
  const windowSeconds = WINDOW_SECONDS[unit as keyof typeof WINDOW_SECONDS]
  return windowSeconds ? { count: Number(count), windowSeconds } : undefined
}

/** `1000/day` → 1000 in 86,400 seconds; a second is too short to count in storage. */
export function readQuota(text: string): { count: number; windowSeconds: number } | undefined {
  const quota = readRate(text)
  return quota && quota.windowSeconds > 1 ? quota : undefined
}
