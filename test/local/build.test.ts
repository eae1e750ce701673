import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ENDPOINTS } from '../../functions/endpoints.ts'
import { SCHEDULES } from '../../functions/schedules.ts'
import { bundle } from '../../local/build.ts'
import { repositoryRoot } from '../../local/repository-root.ts'
import { rig } from '../support/rig.ts'

const MAX_BYTES = 4 * 1024 * 1024

const { environment, createStorage } = rig()
const folder = mkdtempSync(join(repositoryRoot, '.bundle-'))
const file = join(folder, 'index.cjs')
let child: ReturnType<typeof fork>
let ready: { url: string; functions: { name: string; route?: string; error?: string }[] }

beforeAll(async () => {
  await createStorage()
  await bundle('functions/index.ts', file)
  child = fork('local/functions-host/host-process.ts', [file], {
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

describe('the deployment bundle', () => {
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

  it('is one file of moderate size', () => {
    expect(statSync(file).size).toBeLessThan(MAX_BYTES)
  })
})

describe('routes', () => {
  it('have no leading slash, which would take the whole host down, and no two are the same', () => {
    const routes = ENDPOINTS.map(({ route }) => route)
    expect(routes.filter((route) => route.startsWith('/'))).toEqual([])
    expect(new Set(routes).size).toBe(routes.length)
  })
})
