import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unzipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ENDPOINTS } from '../../functions/endpoints.ts'
import { SCHEDULES } from '../../functions/schedules.ts'
import { packageFiles, writeFolder, zipOf } from '../../local/package.ts'
import { repositoryRoot } from '../../local/repository-root.ts'
import { rig } from '../support/rig.ts'

const MAX_ZIP_BYTES = 1.5 * 1024 * 1024
const MAX_BUNDLE_BYTES = 4 * 1024 * 1024

const { environment, createStorage } = rig()
/** Outside of the repository: what is not in the zip cannot be found from there. */
const folder = mkdtempSync(join(tmpdir(), 'sallyport-package-'))
let child: ReturnType<typeof fork>
let zip: Uint8Array
let ready: { url: string; functions: { name: string; route?: string; error?: string }[] }

beforeAll(async () => {
  await createStorage()
  zip = zipOf(await packageFiles())
  writeFolder(folder, unzipSync(zip))
  child = fork('local/functions-host/host-process.ts', ['', '0', folder], {
    execArgv: [],
    cwd: repositoryRoot,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  ;[ready] = (await once(child, 'message')) as [typeof ready]
})

afterAll(async () => {
  child.kill('SIGTERM')
  await once(child, 'exit')
  rmSync(folder, { recursive: true, force: true })
})

describe('the deployment package', () => {
  it('holds the bundle, the documents it serves, host.json and package.json, nothing else, and is small', () => {
    const files = unzipSync(zip)
    expect(Object.keys(files)).toEqual([
      ...['dist/index.cjs', 'docs/openapi.json', 'docs/swagger.json'],
      ...['host.json', 'package.json'],
    ])
    expect(zip.length).toBeLessThan(MAX_ZIP_BYTES)
    expect(files['dist/index.cjs']?.length).toBeLessThan(MAX_BUNDLE_BYTES)
    const manifest = JSON.parse(new TextDecoder().decode(files['package.json']))
    expect(Object.keys(manifest)).toEqual(['name', 'version', 'private', 'main'])
  })

  it('is what .funcignore lets through, for those who publish with another tool', () => {
    const lines = readFileSync(join(repositoryRoot, '.funcignore'), 'utf8').split('\n')
    const folders = ['dist', 'docs', 'node_modules']
    const kept = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1))
    expect(kept.filter((path) => !folders.includes(path)).sort()).toEqual(Object.keys(unzipSync(zip)).sort())
    expect([lines.includes('*'), lines.includes('node_modules/*')]).toEqual([true, true])
  })

  it('is the same bytes for the same files, in whatever order they come', () => {
    const reversed = Object.fromEntries(Object.entries(unzipSync(zip)).reverse())
    expect(Buffer.compare(zipOf(reversed), zip)).toBe(0)
  })

  it('needs no package beside it but core, which the worker has, and two that are optional', () => {
    const text = readFileSync(join(folder, 'dist/index.cjs'), 'utf8')
    const asked = new Set([...text.matchAll(/\b(?:require|import)\("([^"]+)"\)/g)].map(([, name = '']) => name))
    const packages = [...asked].filter((name) => !isBuiltin(name)).sort()
    expect(packages).toEqual(['@aws-sdk/signature-v4-crt', '@azure/functions-core', 'pg-native'])
  })

  it('names neither a source map nor the folder it was made in', () => {
    const text = readFileSync(join(folder, 'dist/index.cjs'), 'utf8')
    expect(text).not.toContain('sourceMappingURL')
    expect(text).not.toContain(repositoryRoot)
  })
})

describe('the app of the package', () => {
  it('registers every endpoint under its route and every timer, as the sources do', () => {
    const registered = ready.functions.map(({ name, route }) => (route === undefined ? name : `${name} /${route}`))
    const endpoints = ENDPOINTS.map(({ name, route }) => `${name} /${route}`)
    expect(registered.sort()).toEqual([...endpoints, ...SCHEDULES.map(({ name }) => name)].sort())
    expect(ready.functions.filter(({ error }) => error)).toEqual([])
  })

  it('401: answers like the sources do', async () => {
    const codeOf = async (headers: Record<string, string>) => {
      const answer = await fetch(`${ready.url}/v1/whoami`, { headers })
      return [answer.status, ((await answer.json()) as { code: string }).code]
    }
    expect(await codeOf({})).toEqual([401, 'missing_token'])
    expect(await codeOf({ authorization: 'Bearer a.b.c' })).toEqual([401, 'invalid_token'])
  })

  it('503 no_policy: a gateway without policies is not healthy and says why', async () => {
    const answer = await fetch(`${ready.url}/healthz`)
    expect([answer.status, await answer.json()]).toMatchObject([503, { checks: { policies: 'no_policy' } }])
  })
})

describe('the documents of the package', () => {
  it.each(['openapi.json', 'swagger.json'])('200: /%s is served from it', async (name) => {
    const answer = await fetch(`${ready.url}/${name}`)
    expect(await answer.text()).toBe(readFileSync(join(repositoryRoot, 'docs', name), 'utf8'))
  })
})

describe('routes', () => {
  it('have no leading slash, which would take the whole host down, and no two are the same', () => {
    const routes = ENDPOINTS.map(({ route }) => route)
    expect(routes.filter((route) => route.startsWith('/'))).toEqual([])
    expect(new Set(routes).size).toBe(routes.length)
  })
})
