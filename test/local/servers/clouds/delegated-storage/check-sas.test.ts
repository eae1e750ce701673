import {
  BlobSASPermissions,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  SASProtocol,
} from '@azure/storage-blob'
import { describe, expect, it } from 'vitest'
import { type CheckSasDeps, sasFault } from '../../../../../local/servers/clouds/delegated-storage/check-sas.ts'
import { createDelegationKeys } from '../../../../../local/servers/clouds/delegated-storage/delegation-keys.ts'
import { placed, storageRequest } from '../../../../support/storage-request.ts'

const HOUR = 3_600_000
const START = Date.UTC(2026, 10, 25, 9)
const ids = { objectId: '11111111-0000-4000-8000-000000000001', tenant: '22222222-0000-4000-8000-000000000002' }
const times = { start: '2026-11-25T09:00:00Z', expiry: '2026-11-26T09:00:00Z' }
const keys = createDelegationKeys()
const wanted = { ...ids, ...times, account: 'contososas', service: 'blob' as const, version: '2026-10-06' }
const { value } = keys.issue(wanted)

type Values = Parameters<typeof generateBlobSASQueryParameters>[0]

/** Signed by the service's own library: another reading of the documentation than this server's and the gateway's. */
const sas = (values: Partial<Values> = {}, signer: Partial<typeof wanted & { value: string; letter: string }> = {}) => {
  const key = { ...wanted, value, letter: 'b', ...signer }
  return generateBlobSASQueryParameters(
    {
      version: '2025-07-05',
      containerName: 'c',
      blobName: 'a/x.txt',
      permissions: BlobSASPermissions.parse('r'),
      expiresOn: new Date(START + 2 * HOUR),
      protocol: SASProtocol.Https,
      ...values,
    },
    {
      signedObjectId: key.objectId,
      signedTenantId: key.tenant,
      signedStartsOn: new Date(key.start),
      signedExpiresOn: new Date(key.expiry),
      signedService: key.letter,
      signedVersion: key.version,
      value: key.value,
    },
    'contososas',
  ).toString()
}

type Use = { at?: number; permissions?: string[]; address?: string; url?: string }

function fault(query: string, { at = START + HOUR, permissions = ['r'], address = '10.0.0.7', url = URL }: Use = {}) {
  const deps: CheckSasDeps = { keys, now: () => at, issuerKeys: async () => undefined }
  const [request, place] = placed(storageRequest(`${url}?${query}`, { address }))
  return sasFault({ request, place, operation: { name: 'get', permissions, run: () => 'hang' } }, deps)
}
const URL = 'https://contososas.blob.core.windows.net/c/a/x.txt'

describe('the check of a user-delegation SAS', () => {
  it.each(['2020-12-06', '2025-07-05', '2026-04-06'])(
    'takes what the client library signs, version %s',
    async (version) => {
      const whole = {
        version,
        startsOn: new Date(START),
        ipRange: { start: '10.0.0.0', end: '10.0.0.9' },
        correlationId: '33333333-0000-4000-8000-000000000003',
        preauthorizedAgentObjectId: '44444444-0000-4000-8000-000000000004',
        cacheControl: 'no-store',
        contentType: 'text/plain',
      }
      expect(await fault(sas(whole))).toBeUndefined()
      const container = { ...whole, blobName: '', permissions: ContainerSASPermissions.parse('rl') }
      expect(await fault(sas(container))).toBeUndefined()
      const directory = { version, blobName: 'a', isDirectory: true }
      expect(await fault(sas(directory))).toBeUndefined()
      expect(await fault(sas(directory), { url: URL.replace('/a/', '/a-evil/') })).toBe('AuthenticationFailed')
    },
  )

  it('AuthenticationFailed: before its start, at its end and outside the times of its key', async () => {
    const started = sas({ startsOn: new Date(START + HOUR) })
    expect(await fault(started, { at: START + HOUR - 1 })).toBe('AuthenticationFailed')
    expect(await fault(started, { at: START + HOUR })).toBeUndefined()
    expect(await fault(sas(), { at: START + 2 * HOUR - 1 })).toBeUndefined()
    expect(await fault(sas(), { at: START + 2 * HOUR })).toBe('AuthenticationFailed')
    const outlives = sas({ expiresOn: new Date(START + 48 * HOUR) })
    expect(await fault(outlives, { at: START + 24 * HOUR - 1 })).toBeUndefined()
    expect(await fault(outlives, { at: START + 24 * HOUR })).toBe('AuthenticationFailed')
    expect(await fault(outlives, { at: START - 1 })).toBe('AuthenticationFailed')
  })

  it('AuthenticationFailed: under a key that was never given, to another or for another service', async () => {
    const strangers = [{ objectId: ids.tenant }, { tenant: ids.objectId }, { version: '2025-07-05' }]
    for (const signer of [
      ...strangers,
      { value: Buffer.alloc(32).toString('base64') },
      { start: '2026-11-25T08:00:00Z' },
    ]) {
      expect(await fault(sas({}, signer)), JSON.stringify(signer)).toBe('AuthenticationFailed')
    }
    const queueKey = keys.issue({ ...wanted, service: 'queue' })
    expect(await fault(sas({}, { ...queueKey, letter: 'q' }))).toBe('AuthenticationFailed')
  })

  it('AuthorizationProtocolMismatch: over http', async () => {
    const url = URL.replace('https:', 'http:')
    expect(await fault(sas(), { url })).toBe('AuthorizationProtocolMismatch')
    expect(await fault(sas({ protocol: SASProtocol.HttpsAndHttp }), { url })).toBeUndefined()
  })

  it('AuthorizationSourceIPMismatch: from another address, before anything is said of permissions', async () => {
    const query = sas({ ipRange: { start: '10.0.0.7' } })
    expect(await fault(query)).toBeUndefined()
    expect(await fault(query, { address: '10.0.0.8', permissions: ['w'] })).toBe('AuthorizationSourceIPMismatch')
  })

  it('AuthorizationPermissionMismatch: without one whole entry of what the act wants', async () => {
    const query = sas({ permissions: BlobSASPermissions.parse('rc') })
    for (const permissions of [['r'], ['w', 'c'], ['rc']]) expect(await fault(query, { permissions })).toBeUndefined()
    for (const permissions of [['w'], ['rw'], []]) {
      expect(await fault(query, { permissions })).toBe('AuthorizationPermissionMismatch')
    }
  })

  it('AuthenticationFailed: for one user, without a token of theirs', async () => {
    const query = sas({ delegatedUserObjectId: ids.objectId })
    expect(await fault(query)).toBe('AuthenticationFailed')
  })

  it('AuthenticationFailed: with what this server does not keep, such as signed headers', async () => {
    const values = { version: '2026-04-06', requestHeaders: { 'x-ms-meta-a': 'b' } }
    expect(await fault(sas(values as never))).toBe('AuthenticationFailed')
    for (const name of ['si', 'srh', 'srq', 'snapshot', 'spk', 'srk', 'epk', 'erk']) {
      expect(await fault(`${sas()}&${name}=x`), name).toBe('AuthenticationFailed')
    }
    expect(await fault(sas({ snapshotTime: '2026-11-25T09:00:00.0000000Z' }))).toBe('AuthenticationFailed')
  })
})
