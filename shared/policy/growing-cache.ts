import { LRUCache } from 'lru-cache'

/**
 * An LRU cache of at most `count` entries whose memory grows with them. TRAP: the option `max` makes all its arrays at once, 4 ms
 * for 20,000 entries at the start of every process.
 */
export const createGrowingCache = <K extends string, V extends object | number>(count: number): LRUCache<K, V> =>
  new LRUCache({ maxSize: count, sizeCalculation: () => 1 })
