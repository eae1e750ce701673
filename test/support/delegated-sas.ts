import { request } from 'node:https'
import { tokens } from '../../functions/tokens.ts'
import { localAgent } from '../../shared/azure/local-route.ts'
import { createGateway } from '../../shared/gateway.ts'
import { handle } from '../../shared/http/handle.ts'
import { type StorageKind, storageClients } from './delegated-sas-clients.ts'
import { gatewayRequest } from './gateway-request.ts'
import type { TestRig } from './rig.ts'
import { secretGateway, statement } from './secret-gateway.ts'
import { directory } from './tenant.ts'

const RESOURCES = {
  container: { service: 'blob', container: 'reports', permissions: ['read', 'list', 'create', 'write', 'delete'] },
  directory: {
    ...{ service: 'blob', container: 'reports', directory: 'year' },
    permissions: ['read', 'create', 'write', 'delete'],
  },
  queue: { service: 'queue', queue: 'orders', permissions: ['read', 'add', 'update', 'process'] },
  table: { service: 'table', table: 'Orders', permissions: ['read', 'add', 'update', 'delete'] },
} as const

/** `held` and `recorded`: a SAS with its holder's object id; `near`, `far`, `here`: for callers of one network; `all`: none of it. */
const PREFIXES = ['all', 'held', 'recorded', 'near', 'far', 'here'] as const

/** The network of a rig's own clients, one that nobody here is in, and the one address. */
const NETWORKS = { near: '127.0.0.0/8', far: '198.51.100.0/24', here: '127.0.0.1/32' } as const

type Prefix = (typeof PREFIXES)[number]
export type Target = `${Prefix}-${StorageKind | 'container'}`

type Order = { scope?: string; ttl?: string; path?: string; address?: string }

/** The whole gateway, an account of the local clouds that knows every user-delegation SAS, and clients that hold nothing but one. */
export async function delegatedSas(local: TestRig) {
  const account = `${local.account}sas`
  /** An account of its own keys. */
  const other = `${local.account}othersas`
  const { local: route } = local.config()
  if (!route) throw new Error('the rig is a local run')
  const clouds = new URL(local.addresses.clouds).host
  const more = ['blob', 'queue', 'table'].map((service) => [`${other}.${service}.core.windows.net`, clouds])
  const agent = localAgent({ ...route, hosts: { ...route.hosts, ...Object.fromEntries(more) } })
  const objectId = directory.gatewayIdentity?.objectId ?? ''
  await local.addClouds({ storageDelegators: [account, other].map((name) => ({ account: name, objectId })) })
  const on = await secretGateway(local, documentsOf(account))
  const bearer = await local.callerToken('reports-app')

  /** A SAS as the gateway's callers get it. `clock`: of the gateway, in milliseconds. */
  const sas = async (target: Target, { address, ...order }: Order = {}, clock?: () => number): Promise<string> => {
    const gateway = clock ? createGateway(slow(local), { now: clock, log: () => {} }) : on.gateway
    const headers = {
      authorization: `Bearer ${bearer}`,
      'content-type': 'application/json',
      ...(address && { 'x-forwarded-for': address }),
    }
    const body = JSON.stringify({ target, ttl: '10m', ...order })
    const { status, json } = await handle(
      tokens,
      gatewayRequest({ method: 'POST', path: '/v1/tokens', headers, body }),
      gateway,
    )
    if (clock) await gateway.close()
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(json)}`)
    return (json as { token: string }).token
  }

  /** The path as it is written, which every client library would tidy up first. */
  const rawRead = (path: string) =>
    new Promise<string>((resolve, reject) => {
      const sent = request({ hostname: `${account}.blob.core.windows.net`, path, agent }, (answer) => {
        answer.resume()
        resolve(`${answer.statusCode} ${answer.headers['x-ms-error-code'] ?? 'done'}`)
      })
      sent.on('error', reject).end()
    })

  return {
    account,
    other,
    agent,
    sas,
    rawRead,
    clients: storageClients({ agent, account }),
    journal: on.journal,
    lines: on.lines,
  }
}

/** A cold start makes keys first; on a busy machine that may take longer than a request may in production. */
const slow = (local: TestRig) => local.config({ SALLYPORT_JOURNAL_DEADLINE_MS: '20000' })

function documentsOf(account: string): object[] {
  const targets = PREFIXES.flatMap((prefix) =>
    Object.entries(RESOURCES).map(([kind, { service, ...token }]) => ({
      ...{ kind: 'target', name: `${prefix}-${kind}`, access: 'write' },
      token: {
        kind: 'storage-sas',
        endpoint: `https://${account}.${service}.core.windows.net`,
        ...token,
        ...(prefix === 'held' && { holder: 'required' }),
        ...(prefix === 'recorded' && { holder: 'recorded' }),
      },
    })),
  ).filter(({ name }) => !/^recorded-(queue|table)$/.test(name))
  const roles = ['token-reader', 'token-writer']
  const networks = Object.entries(NETWORKS).map(([prefix, range]) =>
    statement(`sas-${prefix}`, 'reports-app', roles, [`token/${prefix}-*`], { when: { ip: [range] } }),
  )
  const resources = ['all', 'held', 'recorded'].map((prefix) => `token/${prefix}-*`)
  return [...targets, ...networks, statement('sas-all', 'reports-app', roles, resources)]
}
