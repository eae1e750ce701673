import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientSecretsPath } from '../../local/servers/identity/directory.ts'
import { childEnvironment } from '../support/child-environment.ts'
import { rig } from '../support/rig.ts'
import { directory } from '../support/tenant.ts'

const { stateDir: rigState, addresses } = rig()
const state = mkdtempSync(join(tmpdir(), 'sallyport-token-'))
const endpoints = join(state, 'endpoints.json')
afterAll(() => rmSync(state, { recursive: true, force: true }))

const writeEndpoints = (identity: string) => writeFileSync(endpoints, JSON.stringify({ identity, ca: addresses.ca }))

beforeAll(() => {
  mkdirSync(join(state, 'identity'))
  cpSync(clientSecretsPath(rigState), clientSecretsPath(state))
})

async function token(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['local/token.ts', ...args], { env: childEnvironment(env) })
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      said[name] += chunk
    })
  }
  const [code] = await once(child, 'close')
  return { code, ...said }
}

describe('npm run token -- <caller> (api.md, Local run)', () => {
  beforeAll(() => writeEndpoints(addresses.identity))

  it.each([
    ['v2 by default', [], { ver: '2.0', aud: directory.gatewayResource.appId }],
    ['v1 when asked', ['--v1'], { ver: '1.0', aud: 'api://sallyport' }],
  ])('0: one line on stdout, the token and nothing else: %s', async (_, args, claims) => {
    const { code, stdout, stderr } = await token(['billing-app', ...args], { SALLYPORT_STATE: state })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)
    expect(decodeJwt(stdout.trim())).toMatchObject({ ...claims, oid: directory.app('billing-app').objectId })
  })

  it.each([
    ['an unknown caller, with the names of all', ['nobody'], 'the callers are billing-app, orders-app'],
    ['no caller', [], 'usage:'],
    ['an unknown option', ['billing-app', '--nope'], "'--nope'"],
  ])('2: %s', async (_, args, message) => {
    const { code, stdout, stderr } = await token([...args, '--state', state])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(message)
  })

  it('1: the authority refuses, in its own words', async () => {
    const { code, stdout, stderr } = await token(['billing-app', '--state', state, '--resource', 'api://unknown'])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('AADSTS500011')
  })
})

describe('nothing there', () => {
  it('3: no run with this state folder', async () => {
    const { code, stdout, stderr } = await token(['billing-app', '--state', join(state, 'other')])
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toContain('npm start')
  })

  it('3: the identity server is gone (a kill -9 leaves the file)', async () => {
    writeEndpoints('https://127.0.0.1:1')
    const { code, stderr } = await token(['billing-app', '--state', state])
    expect(code).toBe(3)
    expect(stderr).toContain('ECONNREFUSED')
  })

  it('3: the file is torn', async () => {
    writeFileSync(endpoints, '{"identity":')
    expect((await token(['billing-app', '--state', state])).code).toBe(3)
  })
})
