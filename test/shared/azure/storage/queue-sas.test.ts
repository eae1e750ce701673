import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { DelegationKey } from '../../../../shared/azure/storage/delegation-key.ts'
import { signQueueSas } from '../../../../shared/azure/storage/queue-sas.ts'
import { Secret } from '../../../../shared/secrets/secret.ts'
import type { SasOrder, SasPlace } from '../../../../shared/tokens/storage/sas.ts'

const KEY_BYTES = Buffer.from('a user delegation key of 32 byte')
const key: DelegationKey = {
  objectId: '11111111-0000-4000-8000-000000000001',
  tenant: '22222222-0000-4000-8000-000000000002',
  startsAt: Date.UTC(2026, 10, 25, 9),
  endsAt: Date.UTC(2026, 10, 26, 9),
  service: 'q',
  version: '2026-10-06',
  value: new Secret(KEY_BYTES.toString('base64')),
}

const queue: SasOrder & { place: SasPlace & { service: 'queue' } } = {
  place: {
    endpoint: 'https://contoso.queue.core.windows.net',
    account: 'contoso',
    service: 'queue',
    kind: 'queue',
    queue: 'orders',
  },
  // Not in the order of the service.
  permissions: ['process', 'read', 'add'],
  expiresAt: Date.UTC(2026, 10, 25, 12) / 1_000,
  correlationId: '33333333-0000-4000-8000-000000000003',
  address: { start: '10.1.0.0', end: '10.1.255.255' },
}

const mac = (lines: readonly string[]) => createHmac('sha256', KEY_BYTES).update(lines.join('\n')).digest('base64')

/** The lines are written out from learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas, version 2025-07-05. */
describe('user-delegation SAS of queues (preview)', () => {
  it('signs the fifteen lines of a queue', async () => {
    const query = new URLSearchParams(await signQueueSas(queue, key))
    const lines = [
      'rap',
      '',
      '2026-11-25T12:00:00Z',
      '/queue/contoso/orders',
      key.objectId,
      key.tenant,
      '2026-11-25T09:00:00Z',
      '2026-11-26T09:00:00Z',
      'q',
      '2026-10-06',
      '',
      '',
      '10.1.0.0-10.1.255.255',
      'https',
      '2025-07-05',
    ]
    expect(query.get('sig')).toBe(mac(lines))
    expect(Object.fromEntries(query)).toEqual({
      sv: '2025-07-05',
      spr: 'https',
      se: '2026-11-25T12:00:00Z',
      sip: '10.1.0.0-10.1.255.255',
      skoid: key.objectId,
      sktid: key.tenant,
      skt: '2026-11-25T09:00:00Z',
      ske: '2026-11-26T09:00:00Z',
      sks: 'q',
      skv: '2026-10-06',
      sr: 'q',
      sp: 'rap',
      sig: mac(lines),
    })
  })

  it('names its one holder, from any address', async () => {
    const { address: _, ...anywhere } = queue
    const holder = { how: 'required' as const, objectId: '44444444-0000-4000-8000-000000000004', tenant: key.tenant }
    const query = new URLSearchParams(await signQueueSas({ ...anywhere, holder }, key))
    expect(query.get('sduoid')).toBe(holder.objectId)
    expect(query.has('sip')).toBe(false)
  })
})
