import { describe, expect, it } from 'vitest'
import { parsePolicySet } from '../../../../shared/policy/documents/policy-set.ts'
import { role, statement } from '../../../support/policy/documents.ts'

const SAS = {
  ...{ kind: 'target', name: 'reports', access: 'read' },
  token: {
    kind: 'storage-sas',
    endpoint: 'https://contoso.blob.core.windows.net',
    container: 'reports',
    permissions: ['read'],
  },
}

function faults(ip: string[], { resources = ['token/reports'], actions = ['token:issue'], more = {} } = {}): string[] {
  const asked = statement('s', { roles: ['issue'], resources, when: { ip }, ...more })
  const parsed = parsePolicySet([role('issue', actions), SAS, asked])
  return parsed.ok ? [] : parsed.faults.map(({ pointer }) => pointer)
}

describe('address conditions on storage-sas targets', () => {
  it.each([[['10.0.0.0/8', '192.0.2.0/24']], [['2001:db8::/32']]])('refuses what no SAS keeps: %s', (ip) => {
    for (const resources of [['token/reports'], ['token/**'], ['token/rep*']]) {
      expect(faults(ip, { resources })).toEqual(['/2/when/ip'])
    }
  })

  it('accepts one address or range, and any other condition of other targets, actions and effects', () => {
    const two = ['10.0.0.0/8', '192.0.2.0/24']
    expect(faults(['10.0.0.0/8'])).toEqual([])
    expect(faults(['192.0.2.7'])).toEqual([])
    expect(faults(two, { resources: ['token/ledger'] })).toEqual([])
    expect(faults(two, { actions: ['token:issueWrite'] })).toEqual([])
    expect(faults(two, { more: { effect: 'forbid' } })).toEqual([])
  })
})
