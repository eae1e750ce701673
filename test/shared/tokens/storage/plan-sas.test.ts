import { describe, expect, it } from 'vitest'
import type { Obligations } from '../../../../shared/policy/decision.ts'
import { parseDocument } from '../../../../shared/policy/documents/document.ts'
import type { TargetOf } from '../../../../shared/policy/target.ts'
import type { TokenOrder } from '../../../../shared/tokens/kinds/kind.ts'
import { createStorageSasKind } from '../../../../shared/tokens/kinds/storage-sas.ts'
import { planSas } from '../../../../shared/tokens/storage/plan-sas.ts'
import type { SasOrder } from '../../../../shared/tokens/storage/sas.ts'
import { principal } from '../../../support/principal.ts'

const NOW = Date.UTC(2026, 10, 25, 12)
const SECOND = NOW / 1_000
const facts = {
  suffixes: { blob: 'blob.core.windows.net', queue: 'queue.core.windows.net', table: 'table.core.windows.net' },
  ownAccounts: ['sallyport', 'issuerpage'],
}
const BLOBS = { endpoint: 'https://contoso.blob.core.windows.net', container: 'reports', permissions: ['read', 'list'] }
const QUEUE = { endpoint: 'https://contoso.queue.core.windows.net', queue: 'orders', permissions: ['read'] }
const TABLE = { endpoint: 'https://contoso.table.core.windows.net', table: 'Orders', permissions: ['read'] }

const documentOf = (token: object, access = 'read') => ({
  ...{ kind: 'target', name: 't', access },
  token: { kind: 'storage-sas', ...token },
})

function faults(token: object, access = 'read'): string[] {
  const parsed = parseDocument(documentOf(token, access))
  return parsed.ok ? [] : parsed.faults.map(({ pointer }) => pointer)
}

function order(token: object, more: Partial<TokenOrder<'storage-sas'>> = {}): TokenOrder<'storage-sas'> {
  const parsed = parseDocument(documentOf(token, 'write'))
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults))
  return {
    txn: '33333333-0000-4000-8000-000000000003',
    jti: 'j',
    target: parsed.document as TargetOf<'storage-sas'>,
    subject: principal(),
    actor: undefined,
    notAfter: NOW + 7_200_000,
    context: {},
    obligations: {},
    now: NOW,
    ...more,
  }
}

const plan = (token: object, more: Partial<TokenOrder<'storage-sas'>> = {}) => planSas(order(token, more), facts)

const refusal = (act: () => unknown) => {
  try {
    act()
  } catch (error) {
    return (error as { reason?: string }).reason
  }
  return 'nothing'
}

describe('documents of storage-sas', () => {
  it.each([
    ['a container', BLOBS],
    ['a directory', { ...BLOBS, directory: 'year/2026', permissions: ['read'] }],
    ['a blob', { ...BLOBS, blob: 'year/2026.csv', permissions: ['read'] }],
    ['a queue', QUEUE],
    ['a table', TABLE],
  ])('accepts %s', (_name, token) => expect(faults(token)).toEqual([]))

  it.each([
    ['a path behind the origin', { ...BLOBS, endpoint: `${BLOBS.endpoint}/x` }, ['/token/endpoint']],
    ['http', { ...BLOBS, endpoint: 'http://contoso.blob.core.windows.net' }, ['/token/endpoint']],
    ['user information', { ...BLOBS, endpoint: 'https://a@contoso.blob.core.windows.net' }, ['/token/endpoint']],
    [
      'a foreign suffix',
      { ...BLOBS, endpoint: 'https://contoso.blob.core.windows.net.evil.example' },
      ['/token/endpoint'],
    ],
    ['a port', { ...BLOBS, endpoint: `${BLOBS.endpoint}:8443` }, ['/token/endpoint']],
    ['another service', { ...BLOBS, endpoint: QUEUE.endpoint }, ['/token/endpoint']],
    ['nothing to open', { ...BLOBS, container: undefined }, ['/token']],
    ['a container and a queue', { ...BLOBS, queue: 'orders' }, ['/token/queue']],
    ['a blob without container', { ...QUEUE, blob: 'x' }, ['/token/container']],
    ['a directory and a blob', { ...BLOBS, directory: 'a', blob: 'b', permissions: ['read'] }, ['/token/blob']],
    ['a path with ..', { ...BLOBS, blob: '../x', permissions: ['read'] }, ['/token/blob']],
    ['list of a blob', { ...BLOBS, blob: 'x' }, ['/token/permissions/1']],
    ['list of a queue', { ...QUEUE, permissions: ['list'] }, ['/token/permissions/0']],
    ['a life over 12 h', { ...BLOBS, maxTtlSeconds: 43_201 }, ['/token/maxTtlSeconds']],
    ['a recorded holder of a queue', { ...QUEUE, holder: 'recorded' }, ['/token/holder']],
  ])('refuses %s', (_name, token, pointers) => expect(faults(token)).toEqual(pointers))

  it.each(['write', 'create', 'add', 'delete', 'tag', 'move', 'execute'])(
    'refuses %s with access read (S1)',
    (permission) => {
      const token = { ...BLOBS, permissions: ['read', permission] }
      expect(faults(token)).toEqual(['/token/permissions'])
      expect(faults(token, 'write')).toEqual([])
    },
  )

  it.each(['add', 'update', 'process'])('refuses %s of a queue with access read (S1)', (permission) => {
    expect(faults({ ...QUEUE, permissions: [permission] })).toEqual(['/token/permissions'])
  })
})

describe('planSas', () => {
  it.each([
    ['asked', { ttlSeconds: 60 }, 60],
    ['the obligation', { obligations: { maxTtlSeconds: 120 } as Obligations }, 120],
    ['the token it rests on', { notAfter: NOW + 30_999 }, 30],
    ['the target', {}, 3_600],
  ])('ends by %s where that is shortest', (_name, more, seconds) => {
    expect(plan(BLOBS, more).expiresAt).toBe(SECOND + seconds)
  })

  it('refuses what would end at once', () => {
    expect(refusal(() => plan(BLOBS, { notAfter: NOW + 999 }))).toBe('lifetime_too_short')
  })

  it.each([
    [['10.1.2.3/32'], { start: '10.1.2.3' }],
    [['10.1.2.3'], { start: '10.1.2.3' }],
    [['10.1.0.0/16'], { start: '10.1.0.0', end: '10.1.255.255' }],
  ])('binds to %s', (addresses, address) => {
    expect(plan(BLOBS, { obligations: { addresses } }).address).toEqual(address)
  })

  it.each([[['10.0.0.0/8', '192.0.2.0/24']], [['2001:db8::/32']], [[]]])(
    'refuses an address condition that no SAS can keep: %s',
    (addresses) => {
      expect(refusal(() => plan(BLOBS, { obligations: { addresses } }))).toBe('sas_address_condition')
    },
  )

  it('narrows by path below a container or directory only, and drops what a blob has not', () => {
    expect(plan(BLOBS, { path: 'a/b.csv' })).toMatchObject({
      place: { kind: 'blob', container: 'reports', path: 'a/b.csv' },
      permissions: ['read'],
    })
    const directory = { ...BLOBS, directory: 'year', permissions: ['read'] }
    expect(plan(directory, { path: 'a/b.csv' }).place).toMatchObject({ kind: 'blob', path: 'year/a/b.csv' })
    expect(refusal(() => plan(directory, { path: '../other' }))).toBe('sas_path_not_plain')
    for (const token of [QUEUE, TABLE, { ...BLOBS, blob: 'x', permissions: ['read'] }]) {
      expect(refusal(() => plan(token, { path: 'a' }))).toBe('path_not_taken')
    }
    expect(refusal(() => plan(BLOBS, { path: 'a', scope: 'list' }))).toBe('sas_scope_empty')
  })

  it('never widens by scope', () => {
    for (const scope of ['write', 'read write', 'READ']) {
      expect(refusal(() => plan(BLOBS, { scope }))).toBe('scope_not_offered')
    }
  })

  it('refuses the gateway’s own accounts in every service, and other clouds (T8)', () => {
    for (const token of [BLOBS, QUEUE, TABLE]) {
      for (const account of facts.ownAccounts) {
        const own = { ...token, endpoint: token.endpoint.replace('contoso', account) }
        expect(refusal(() => plan(own))).toBe('sas_for_own_account')
      }
      const abroad = { ...token, endpoint: token.endpoint.replace('windows.net', 'usgovcloudapi.net') }
      expect(refusal(() => plan(abroad))).toBe('sas_for_another_cloud')
    }
  })

  it('names the holder by the ids of Entra, and refuses who has none', () => {
    const ids = { tenant: '22222222-0000-4000-8000-000000000002', objectId: '44444444-0000-4000-8000-000000000004' }
    const token = { ...BLOBS, holder: 'required' }
    expect(plan(token, { subject: principal({ ...ids, kind: 'entra' }) }).holder).toEqual({ how: 'required', ...ids })
    const { tenant: _t, objectId: _o, ...outsider } = principal({ kind: 'oidc' })
    expect(refusal(() => plan(token, { subject: outsider }))).toBe('sas_holder_not_entra')
  })
})

describe('the answer', () => {
  const signed = { text: 'sv=1&sig=x', signer: { tenant: 't', objectId: 'o' }, source: 'cache' as const }
  const kind = createStorageSasKind({ ...facts, sign: async (_order: SasOrder) => signed })
  const minted = async (token: object, more: Partial<TokenOrder<'storage-sas'>> = {}) => {
    const planned = await kind.plan(order(token, more))
    return { planned, ...(await planned.mint()) }
  }

  it('says preview for queues, tables and bound holders, which storage logs cannot join', async () => {
    for (const [token, url] of [
      [QUEUE, `${QUEUE.endpoint}/orders`],
      [TABLE, `${TABLE.endpoint}/Orders`],
    ] as const) {
      const { planned, blastRadius, parts } = await minted(token)
      expect(blastRadius).toMatchObject({ preview: true, revocable: 'account' })
      expect(parts).toEqual({ url })
      expect(planned.identifiedBy).toBe('result')
      expect(planned.handout.reference).toBeUndefined()
    }
    const ids = { tenant: 'T', objectId: 'O' }
    const bound = await minted({ ...BLOBS, holder: 'required' }, { subject: principal(ids) })
    expect(bound.blastRadius).toMatchObject({ preview: true })
    expect(bound.blastRadius.boundTo).toContain('holder:entra:T:O')
  })

  it('escapes every part of the URL by itself', async () => {
    const { parts } = await minted(BLOBS, { path: 'a b/ü?x#y&z.csv' })
    expect(parts).toEqual({ url: `${BLOBS.endpoint}/reports/a%20b/%C3%BC%3Fx%23y%26z.csv` })
  })
})
