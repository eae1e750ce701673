import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** What @azure/identity and the SDKs' loggers read once per process, or a mocked module: these files need a process of their own. */
const ALONE = [
  'test/functions/credential-sources.test.ts',
  'test/functions/fault-matrix-identity.test.ts',
  'test/shared/azure/credential.test.ts',
  'test/shared/azure/managed-identity.test.ts',
  'test/shared/identity/giant-token.test.ts',
  'test/shared/secrets/canary.test.ts',
  'test/shared/tokens/entra/entra.test.ts',
]

export default defineConfig({
  test: {
    globalSetup: ['test/support/servers.ts'],
    setupFiles: ['test/support/leave-as-found.ts'],
    pool: 'forks',
    // Tests make much that lives for a moment: with 64 MB for it instead of 16 the collector runs a fourth as often.
    execArgv: ['--max-semi-space-size=64'],
    // One more than the machine has cores, since tests also wait; the servers they share carry four.
    maxWorkers: Math.min(availableParallelism() + 1, 4),
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      { test: { name: 'together', isolate: false, include: ['test/**/*.test.ts'], exclude: ALONE } },
      { test: { name: 'alone', include: ALONE } },
    ],
  },
})
