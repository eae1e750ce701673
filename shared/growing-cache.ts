import { LRUCache } from 'lru-cache'

export type Bounds<V> = {
  count: number
  /** In what `sizeOf` gives; without it only the count is bounded. */
  size?: number
  sizeOf?(value: V, key: string): number
}

/**
 * An LRU cache of at most `count` entries and `size` in all whose memory grows with them. TRAP: the option `max` makes all its
 * arrays at once, 4 ms for 20,000 entries at the start of every process. So each entry counts for its part of the size at least:
 * a few big ones take the place of many small ones. INVARIANT: nobody tells `set` a size, which would pass that by.
 */
export function createGrowingCache<V extends object | number | boolean>(bounds: Bounds<V>): LRUCache<string, V> {
  const { count, size = count, sizeOf = () => 1 } = bounds
  const least = Math.ceil(size / count)
  return new LRUCache({ maxSize: size, sizeCalculation: (value, key) => Math.max(least, sizeOf(value, key)) })
}
