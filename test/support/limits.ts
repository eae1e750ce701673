import { createLimits, type Limits } from '../../shared/policy/limits/limits.ts'
import { createMemoryTable } from './memory-table.ts'

/** Limits of a gate whose quotas are counted in memory. */
export const memoryLimits = (now: () => number): Limits => createLimits({ table: createMemoryTable(), now })
