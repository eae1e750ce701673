import { afterAll, vi } from 'vitest'
import { endLeftovers } from './leftovers.ts'

/** Test files share processes (vitest.config.ts): none leaves its clock, environment, spies or gateway to the next one. */
const found = { ...process.env }

afterAll(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
  for (const name of Object.keys(process.env)) if (!(name in found)) delete process.env[name]
  Object.assign(process.env, found)
  endLeftovers()
})
