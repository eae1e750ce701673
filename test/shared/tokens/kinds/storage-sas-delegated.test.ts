import { beforeAll, describe, expect, it } from 'vitest'
import { delegatedSas, type Target } from '../../../support/delegated-sas.ts'
import { entraStorageToken, outcome, type StorageKind, type Where } from '../../../support/delegated-sas-clients.ts'
import { httpsCall } from '../../../support/https-call.ts'
import { rig } from '../../../support/rig.ts'
import { directory } from '../../../support/tenant.ts'

const local = rig()
const STORAGE = { version: 1, resource: 'https://storage.azure.com' } as const
const [NO_KEY, NOT_PERMITTED] = ['403 AuthenticationFailed', '403 AuthorizationPermissionMismatch']

/** What each permission lets a client do; to write over is also to create. */
const PERMITS: Record<StorageKind, Record<string, readonly string[]>> = {
  directory: { read: ['read'], create: ['create'], write: ['create', 'write'], delete: ['delete'] },
  queue: { read: ['read'], add: ['add'], update: ['update'], process: ['process'] },
  table: { read: ['read'], add: ['add'], update: ['update'], delete: ['delete'] },
}
const KINDS = Object.keys(PERMITS) as StorageKind[]

/** Beside what the SAS is for, by kind; another account is tried for all of them. */
const ELSEWHERE: Record<StorageKind, Where[]> = {
  directory: [
    ...['year-evil', 'yea', 'month', 'month/year', 'year/../month', '.'].map((thing) => ({ thing })),
    { container: 'other' },
  ],
  queue: [{ thing: 'orders-evil' }, { thing: 'others' }],
  table: [{ thing: 'OrdersEvil' }, { thing: 'Others' }],
}

/** One read of what the SAS is for, without any client library. */
const READ: Record<StorageKind, string> = {
  directory: 'blob.core.windows.net/reports/year/a.txt',
  queue: 'queue.core.windows.net/orders/messages?peekonly=true',
  table: 'table.core.windows.net/Orders()',
}

let on: Awaited<ReturnType<typeof delegatedSas>>
/** May do everything that acts need first; for directories one of the whole container. */
let all: Record<StorageKind, string>

beforeAll(async () => {
  on = await delegatedSas(local)
  const [directory = '', queue = '', table = ''] = await Promise.all(
    (['all-container', 'all-queue', 'all-table'] as const).map((target) => on.sas(target)),
  )
  all = { directory, queue, table }
  for (const thing of ['year', 'year-evil', 'yea', 'month', 'month/year', 'year/deep']) {
    await on.clients.blob(directory, 'a.txt', { thing }).upload('text', 4)
  }
})

const attempt = (kind: StorageKind, act: string, sas: string, where?: Where) => {
  const does = on.clients.acts[kind][act]
  if (!does) throw new Error(`no such act: ${act}`)
  return outcome(does(sas, all[kind], where))
}

/** What comes of every act of the kind. */
const attempts = async (kind: StorageKind, sas: string, where?: Where) => {
  const outcomes: Record<string, string> = {}
  for (const act of Object.keys(PERMITS[kind])) outcomes[act] = await attempt(kind, act, sas, where)
  return outcomes
}

const every = (kind: StorageKind, one: (act: string) => string) =>
  Object.fromEntries(Object.keys(PERMITS[kind]).map((act) => [act, one(act)]))

/** `done`, or status and documented code of the refusal. */
const readRaw = async (kind: StorageKind, query: URLSearchParams, headers: Record<string, string> = {}) => {
  const url = `https://${on.account}.${READ[kind]}`
  const { agent } = on
  const answer = await httpsCall(`${url}${url.includes('?') ? '&' : '?'}${query}`, { agent, headers })
  const odata = answer.json['odata.error'] as { code?: string } | undefined
  return answer.status === 200 ? 'done' : `${answer.status} ${odata?.code ?? answer.headers['x-ms-error-code']}`
}

describe.each(KINDS)('a SAS of a %s, from the gateway to the unmodified client (S9)', (kind) => {
  it('done: what its permissions say; 403 AuthorizationPermissionMismatch: everything else', async () => {
    for (const [scope, permitted] of Object.entries(PERMITS[kind])) {
      const sas = await on.sas(`all-${kind}`, { scope })
      const expected = every(kind, (act) => (permitted.includes(act) ? 'done' : NOT_PERMITTED))
      expect(await attempts(kind, sas), scope).toEqual(expected)
    }
  })

  it('403 AuthenticationFailed: beside what it is for, and in another account', async () => {
    const sas = await on.sas(`all-${kind}`)
    expect(await attempts(kind, sas)).toEqual(every(kind, () => 'done'))
    for (const where of [...ELSEWHERE[kind], { account: on.other }]) {
      expect(await attempts(kind, sas, where), JSON.stringify(where)).toEqual(every(kind, () => NO_KEY))
    }
  })

  it('403 AuthenticationFailed: after its end', async () => {
    const ago = await on.sas(`all-${kind}`, { ttl: '3m' }, () => Date.now() - 240_000)
    expect(Date.parse(new URLSearchParams(ago).get('se') ?? '')).toBeLessThan(Date.now())
    expect(await attempts(kind, ago)).toEqual(every(kind, () => NO_KEY))
  })

  it('403 AuthorizationSourceIPMismatch: from another network than the policy permits (sip)', async () => {
    const [near, here, far] = await Promise.all([
      on.sas(`near-${kind}`, { address: '127.9.9.9' }),
      on.sas(`here-${kind}`, { address: '127.0.0.1' }),
      on.sas(`far-${kind}`, { address: '198.51.100.7' }),
    ])
    expect([near, here, far].map((sas) => new URLSearchParams(sas).get('sip'))).toEqual([
      '127.0.0.0-127.255.255.255',
      '127.0.0.1',
      '198.51.100.0-198.51.100.255',
    ])
    for (const sas of [near, here]) expect(await attempts(kind, sas)).toEqual(every(kind, () => 'done'))
    expect(await attempts(kind, far)).toEqual(every(kind, () => '403 AuthorizationSourceIPMismatch'))
  })

  it('403 AuthenticationFailed: without the Entra token of its holder (sduoid)', async () => {
    const sas = await on.sas(`held-${kind}`)
    const bearer = await local.callerToken('reports-app', STORAGE)
    expect(await attempts(kind, sas, { bearer })).toEqual(every(kind, () => 'done'))
    expect(await attempts(kind, sas)).toEqual(every(kind, () => NO_KEY))
    const reader = directory.app('reports-app').objectId
    const others = [
      await local.callerToken('analytics-app', STORAGE),
      await local.callerToken('reports-app', { version: 1 }),
      await entraStorageToken(local, reader, '99999999-0000-4000-8000-000000000009'),
    ]
    const same = await entraStorageToken(local, reader, local.tenant)
    expect(await attempt(kind, 'read', sas, { bearer: same })).toBe('done')
    for (const other of others) expect(await attempt(kind, 'read', sas, { bearer: other })).toBe(NO_KEY)
  })

  it('403 AuthenticationFailed: with any field changed, left out or said twice', async () => {
    const targets: Target[] = [`held-${kind}`, `here-${kind}`, ...(kind === 'directory' ? RECORDED : [])]
    for (const target of targets) {
      const sas = new URLSearchParams(await on.sas(target, { scope: 'read', address: '127.0.0.1' }))
      const headers = { authorization: `Bearer ${await local.callerToken('reports-app', STORAGE)}` }
      const use = (query: URLSearchParams) => readRaw(kind, query, headers)
      expect(await use(sas), target).toBe('done')
      for (const [name, value] of sas) {
        const without = NEEDLESS.includes(`${kind} ${name}`) ? [] : [undefined]
        for (const changed of [otherThan(name, value), ...without, [value, value]]) {
          expect(await use(withField(sas, name, changed)), `${target} ${name} ${changed}`).toBe(NO_KEY)
        }
      }
    }
  })

  it('never in journal or log: its signature', async () => {
    const sas = new URLSearchParams(await on.sas(`all-${kind}`))
    const told = JSON.stringify([await on.journal(), on.lines])
    expect(told).toContain(`token/all-${kind}`)
    expect(told).not.toContain(sas.get('sig'))
    expect(told).not.toContain(encodeURIComponent(sas.get('sig') ?? ''))
  })

  it('403 AuthenticationFailed: with any character of the signature changed', async () => {
    const sas = new URLSearchParams(await on.sas(`all-${kind}`))
    const signature = sas.get('sig') ?? ''
    const outcomes = await Promise.all(
      [...signature].map((letter, at) => {
        const changed = `${signature.slice(0, at)}${letter === 'A' ? 'B' : 'A'}${signature.slice(at + 1)}`
        return readRaw(kind, withField(sas, 'sig', changed))
      }),
    )
    expect(await readRaw(kind, sas)).toBe('done')
    expect(new Set(outcomes)).toEqual(new Set([NO_KEY]))
  })
})

const RECORDED: Target[] = ['recorded-directory']

/** Only some of the service's libraries say `sr=q`, and it is not signed. */
const NEEDLESS = ['queue sr']

/** Wider, later or otherwise another value that would be good in a SAS signed with it. */
const WIDER: Record<string, string> = {
  se: '2031-01-01T00:00:00Z',
  ske: '2031-01-01T00:00:00Z',
  skt: '2020-01-01T00:00:00Z',
  sv: '2026-04-06',
  sp: 'rw',
  spr: 'https,http',
  sip: '0.0.0.0-255.255.255.255',
  sr: 'c',
  sdd: '2',
  sks: 'f',
  skv: '2025-07-05',
  tn: 'Others',
}

const otherThan = (name: string, value: string) => {
  const other = WIDER[name] ?? `${value.startsWith('0') ? '1' : '0'}${value.slice(1)}`
  if (other === value) throw new Error(`${name} is ${value} by itself`)
  return other
}

/** `undefined`: without it; a pair: twice. */
function withField(sas: URLSearchParams, name: string, value: string | readonly string[] | undefined) {
  const query = new URLSearchParams(sas)
  query.delete(name)
  for (const one of [value ?? []].flat()) query.append(name, one)
  return query
}

describe('a SAS of a directory (S9)', () => {
  it('done: below it at any depth; 403 AuthenticationFailed: its container’s list', async () => {
    const sas = await on.sas('all-directory')
    expect(new URLSearchParams(sas).get('sdd')).toBe('1')
    expect(await attempt('directory', 'read', sas, { thing: 'year/deep' })).toBe('done')
    expect(await outcome(on.clients.container(sas).listBlobsFlat().next())).toBe(NO_KEY)
    expect(await outcome(on.clients.container(all.directory).listBlobsFlat().next())).toBe('done')
  })

  it('done: one blob of it, when `path` narrows to one; 403 AuthenticationFailed: its neighbours', async () => {
    const sas = await on.sas('all-directory', { path: 'deep/a.txt' })
    expect(new URLSearchParams(sas).get('sr')).toBe('b')
    expect(await attempt('directory', 'read', sas, { thing: 'year/deep' })).toBe('done')
    expect(await attempt('directory', 'read', sas)).toBe(NO_KEY)
    expect(await attempt('directory', 'create', sas, { thing: 'year/deep' })).toBe(NO_KEY)
  })

  it('403 AuthenticationFailed: out of it by a path that only looks like below it', async () => {
    const sas = await on.sas('all-directory')
    expect(await on.rawRead(`/reports/year/a.txt?${sas}`)).toBe('200 done')
    for (const path of [
      'year/../month',
      'year/%2e%2e/month',
      'year%2f..%2fmonth',
      'year/x%2f..%2f..%2fmonth',
      'year/deep/../../month',
    ]) {
      expect(await on.rawRead(`/reports/${path}/a.txt?${sas}`), path).toBe(NO_KEY)
    }
  })
})
