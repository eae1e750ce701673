import { BlobServiceClient } from '@azure/storage-blob'
import { QueueServiceClient } from '@azure/storage-queue'
import { beforeAll, describe, expect, it } from 'vitest'
import { entraStorageToken } from '../../../../support/delegated-sas-clients.ts'
import { httpsCall } from '../../../../support/https-call.ts'
import { rig } from '../../../../support/rig.ts'
import { agentPolicy, staticCredential } from '../../../../support/sdk.ts'
import { directory } from '../../../../support/tenant.ts'

const local = rig()
const { agent } = local
const ACCOUNT = `${local.account}sas`
const DAY = 86_400_000
const STORAGE = { version: 1, resource: 'https://storage.azure.com' } as const
const FOREIGN = '99999999-0000-4000-8000-000000000009'
const delegator = directory.app('reports-app').objectId

const time = (at: number) => `${new Date(at).toISOString().slice(0, 19)}Z`
const keyInfo = (start: number, expiry: number) =>
  `<?xml version="1.0"?><KeyInfo><Start>${time(start)}</Start><Expiry>${time(expiry)}</Expiry></KeyInfo>`

type Asked = { headers?: Record<string, string>; body?: string; service?: string; query?: string }

async function ask({ headers = {}, body, service = 'queue', query = 'restype=service&comp=userdelegationkey' }: Asked) {
  const sent = { 'x-ms-version': '2026-10-06', ...headers }
  const url = `https://${ACCOUNT}.${service}.core.windows.net/?${query}`
  const given = body ?? keyInfo(Date.now(), Date.now() + DAY)
  return httpsCall(url, { agent, method: 'POST', headers: sent, body: given })
}

const bearer = async (caller: 'reports-app' | 'analytics-app', options: object = STORAGE) => ({
  authorization: `Bearer ${await local.callerToken(caller, options)}`,
})

const member = (text: string, name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1]

beforeAll(() => local.addClouds({ storageDelegators: [{ account: ACCOUNT, objectId: delegator }] }))

describe('Get User Delegation Key of the local clouds', () => {
  it('gives the unmodified clients of blobs and queues a key of 32 random bytes, in the bearer’s name', async () => {
    const credential = staticCredential(await local.callerToken('reports-app', STORAGE))
    const [startsOn, expiresOn] = [new Date(), new Date(Date.now() + DAY)]
    const blobs = new BlobServiceClient(`https://${ACCOUNT}.blob.core.windows.net`, credential, { agent } as never)
    const blobKey = await blobs.getUserDelegationKey(startsOn, expiresOn)
    const queues = new QueueServiceClient(`https://${ACCOUNT}.queue.core.windows.net`, credential, {
      additionalPolicies: [agentPolicy(agent)],
    } as never)
    const queueKey = await queues.getUserDelegationKey(startsOn, expiresOn)
    for (const key of [blobKey, queueKey]) {
      expect(key).toMatchObject({ signedObjectId: delegator, signedTenantId: local.tenant })
      expect(Buffer.from(key.value, 'base64')).toHaveLength(32)
    }
    expect([blobKey.signedService, queueKey.signedService]).toEqual(['b', 'q'])
    expect(blobKey.value).not.toBe(queueKey.value)
  })

  it('200: a minted token of the account’s tenant, as the one of another tenant below but for that', async () => {
    const authorization = `Bearer ${await entraStorageToken(local, delegator, local.tenant)}`
    expect((await ask({ headers: { authorization } })).status).toBe(200)
  })

  it('gives the same key for the same wish, and another for any other', async () => {
    const headers = await bearer('reports-app')
    const body = keyInfo(Date.now(), Date.now() + DAY)
    const value = async (asked: Asked) => member((await ask({ headers, body, ...asked })).text, 'Value')
    const first = await value({})
    expect(await value({})).toBe(first)
    const others = await Promise.all([
      value({ service: 'table' }),
      value({ body: keyInfo(Date.now(), Date.now() + 2 * DAY) }),
      value({ headers: { ...headers, 'x-ms-version': '2025-07-05' } }),
    ])
    const foreign = '88888888-0000-4000-8000-000000000008'
    const forForeign = body.replace('</KeyInfo>', `<DelegatedUserTid>${foreign}</DelegatedUserTid></KeyInfo>`)
    const { text } = await ask({ headers, body: forForeign })
    expect(member(text, 'SignedDelegatedUserTid')).toBe(foreign)
    expect(new Set([first, ...others, member(text, 'Value')]).size).toBe(5)
  })

  it.each<[string, () => Promise<Record<string, string>>]>([
    ['401 NoAuthenticationInformation: without a token', async () => ({})],
    ['401 InvalidAuthenticationInfo: with what is no token', async () => ({ authorization: 'Bearer x' })],
    ['401 InvalidAuthenticationInfo: with a token for something else', () => bearer('reports-app', { version: 1 })],
    [
      '401 InvalidAuthenticationInfo: with a token of another tenant',
      async () => ({ authorization: `Bearer ${await entraStorageToken(local, delegator, FOREIGN)}` }),
    ],
    ['403 AuthorizationPermissionMismatch: without the role', () => bearer('analytics-app')],
  ])('%s', async (title, headers) => {
    const [status, code] = title.split(/[ :]/)
    const answer = await ask({ headers: await headers() })
    expect(`${answer.status} ${member(answer.text, 'Code')}`).toBe(`${status} ${code}`)
    expect(answer.headers['x-ms-error-code']).toBe(code)
    expect(answer.headers['www-authenticate']).toContain('resource_id=https://storage.azure.com')
  })

  it('400: times that are none, backwards or more than seven days away, and what is no wish', async () => {
    const headers = await bearer('reports-app')
    const now = Date.now()
    const refusals = [
      [keyInfo(now, now + 7 * DAY + 60_000), 'InvalidXmlNodeValue'],
      [keyInfo(now - 7 * DAY - 60_000, now + DAY), 'InvalidXmlNodeValue'],
      [keyInfo(now + DAY, now), 'InvalidXmlNodeValue'],
      ['<KeyInfo><Expiry>soon</Expiry></KeyInfo>', 'InvalidXmlNodeValue'],
      ['<KeyInfo></KeyInfo>', 'InvalidXmlDocument'],
      ['', 'InvalidXmlDocument'],
    ]
    for (const [body = '', code] of refusals) {
      const answer = await ask({ headers, body })
      expect([answer.status, member(answer.text, 'Code')], body).toEqual([400, code])
    }
    expect((await ask({ headers, body: keyInfo(now, now + 7 * DAY - 60_000) })).status).toBe(200)
    expect((await ask({ headers: { ...headers, 'x-ms-version': '' } })).status).toBe(400)
    expect((await ask({ headers, query: 'comp=userdelegationkey' })).status).toBe(400)
  })

  it('refuses a request without a SAS in the shape of its service, and what it does not know', async () => {
    const url = (service: string, path: string) => `https://${ACCOUNT}.${service}.core.windows.net/${path}`
    const headers = await bearer('reports-app')
    const queue = await httpsCall(url('queue', 'orders/messages'), { agent, headers })
    expect([queue.status, member(queue.text, 'Code')]).toEqual([401, 'NoAuthenticationInformation'])
    const table = await httpsCall(url('table', 'Orders()'), { agent, headers })
    expect([table.status, table.json]).toMatchObject([401, { 'odata.error': { code: 'NoAuthenticationInformation' } }])
    expect((await httpsCall(url('blob', 'reports/a?comp=tags&sig=x'), { agent, method: 'PUT' })).status).toBe(405)
    expect((await httpsCall(url('blob', 'reports/%ff?sig=x'), { agent })).status).toBe(400)
  })

  it('counts calls and suffers faults by account', async () => {
    const control = local.cloudControl('sas')
    await control.clear()
    await control.fault({ kind: 'throttle', retryAfterSeconds: 7, operation: 'userdelegationkey' })
    const answer = await ask({ headers: await bearer('reports-app') })
    expect([answer.status, answer.headers['retry-after'], member(answer.text, 'Code')]).toEqual([
      503,
      '7',
      'ServerBusy',
    ])
    expect(await control.counts()).toEqual({ userdelegationkey: 1 })
  })
})
