import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { repositoryRoot } from '../../../../local/repository-root.ts'
import { childEnvironment } from '../../../support/child-environment.ts'

const LOADS = `
  import { createRequire } from 'node:module'
  const { withoutTelemetry } = await import('./local/servers/azurite/without-telemetry.ts')
  if (process.argv[1] === 'without') withoutTelemetry()
  await import('azurite/dist/src/common/Telemetry.js')
  const loaded = Object.keys(createRequire(import.meta.url).cache)
  process.stdout.write(String(loaded.filter((path) => /applicationinsights|opentelemetry/.test(path)).length))
`

const loaded = (...args: string[]) =>
  Number(
    execFileSync(process.execPath, ['--input-type=module', '-e', LOADS, ...args], {
      cwd: repositoryRoot,
      env: childEnvironment({}),
      encoding: 'utf8',
    }),
  )

it('Azurite loads nothing that could phone home; by itself it would', () => {
  expect(loaded('without')).toBe(0)
  expect(loaded()).toBeGreaterThan(10)
})
