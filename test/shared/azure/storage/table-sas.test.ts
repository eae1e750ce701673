import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { DelegationKey } from '../../../../shared/azure/storage/delegation-key.ts'
import { signTableSas } from '../../../../shared/azure/storage/table-sas.ts'
import { Secret } from '../../../../shared/secrets/secret.ts'
import type { SasOrder, SasPlace } from '../../../../shared/tokens/storage/sas.ts'

const KEY_BYTES = Buffer.from('a user delegation key of 32 byte')
const key: DelegationKey = {
  objectId: '11111111-0000-4000-8000-000000000001',
  tenant: '22222222-0000-4000-8000-000000000002',
  startsAt: Date.UTC(2026, 10, 25, 9),
  endsAt: Date.UTC(2026, 10, 26, 9),
  service: 't',
  version: '2026-10-06',
  value: new Secret(KEY_BYTES.toString('base64')),
}

const table: SasOrder & { place: SasPlace & { service: 'table' } } = {
  place: {
    endpoint: 'https://contoso.table.core.windows.net',
    account: 'contoso',
    service: 'table',
    kind: 'table',
    table: 'Orders',
  },
  // Not in the order of the service.
  permissions: ['delete', 'read', 'add'],
  expiresAt: Date.UTC(2026, 10, 25, 12) / 1_000,
  correlationId: '33333333-0000-4000-8000-000000000003',
  address: { start: '10.1.0.0', end: '10.1.255.255' },
  holder: { how: 'required', objectId: '44444444-0000-4000-8000-000000000004', tenant: key.tenant },
}

const mac = (lines: readonly string[]) => createHmac('sha256', KEY_BYTES).update(lines.join('\n')).digest('base64')

/**
 * The lines are written out from learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas, version 2025-07-05. A server
 * that shares no code with this one checks them in test/shared/tokens/kinds/storage-sas-delegated.test.ts.
 */
describe('user-delegation SAS of tables (preview)', () => {
  it('signs the nineteen lines of a table, its name in lower case, for one holder', () => {
    const query = new URLSearchParams(signTableSas(table, key))
    const lines = [
      'rad',
      '',
      '2026-11-25T12:00:00Z',
      '/table/contoso/orders',
      key.objectId,
      key.tenant,
      '2026-11-25T09:00:00Z',
      '2026-11-26T09:00:00Z',
      't',
      '2026-10-06',
      '',
      '44444444-0000-4000-8000-000000000004',
      '10.1.0.0-10.1.255.255',
      'https',
      '2025-07-05',
      ...['', '', '', ''],
    ]
    expect(query.get('sig')).toBe(mac(lines))
    expect(query.get('tn')).toBe('Orders')
    expect(query.get('sduoid')).toBe('44444444-0000-4000-8000-000000000004')
    expect(query.has('sr')).toBe(false)
  })

  it('escapes the signature: a plus sign would arrive as a space', () => {
    for (let second = 0; second < 50; second++) {
      const text = signTableSas({ ...table, expiresAt: table.expiresAt + second }, key)
      expect(/[+/ ]/.test(text.slice(text.indexOf('&sig=')))).toBe(false)
    }
  })
})
