import { CONTAINERS, QUEUES, TABLES } from '../azure/storage-names.ts'
import type { RotationDocument } from '../policy/documents/rotation.ts'
import type { Statement } from '../policy/statement.ts'
import type { RoleNeed } from './facts.ts'
import { isInForce } from './may-read.ts'
import { SET_SECRET } from './rbac.ts'

export type Configured = {
  vaults: ReadonlyMap<string, string>
  gatewayVault: string
  tableEndpoint: string
  /** Whether policies are written by the gateway. */
  policyApi: boolean
  statements: readonly Statement[]
  rotations: readonly RotationDocument[]
  now: number
}

const firstLabel = (url: string) => new URL(url).hostname.split('.')[0] ?? ''
const GET_SECRET = 'Microsoft.KeyVault/vaults/secrets/getSecret/action'
const LIST_SECRETS = 'Microsoft.KeyVault/vaults/secrets/readMetadata/action'
const WRITES = ['secret:set', 'secret:disable', 'secret:restore'] as const

/** What the gateway's identity must be able to do, by its configuration and the policies in force. */
export function roleNeedsOf({
  vaults,
  gatewayVault,
  tableEndpoint,
  policyApi,
  statements,
  rotations,
  now,
}: Configured): RoleNeed[] {
  const vault = (url: string, action: string, why: string): RoleNeed => ({
    provider: 'Microsoft.KeyVault',
    resource: `vaults/${firstLabel(url)}`,
    action,
    why,
  })
  const storage = (account: string, action: string, why: string): RoleNeed => ({
    provider: 'Microsoft.Storage',
    resource: `storageAccounts/${account}`,
    action: `Microsoft.Storage/storageAccounts/${action}`,
    why,
  })
  const needs = [
    ...[GET_SECRET, SET_SECRET].map((action) => vault(gatewayVault, action, 'keys of the gateway and pending values')),
    ...ownData(policyApi).map(([path, action]) =>
      storage(`${firstLabel(tableEndpoint)}/${path}`, action, 'data of the gateway'),
    ),
  ]
  const writers = statements.filter((one) => isInForce(one, now) && WRITES.some((action) => one.actions.has(action)))
  for (const [alias, url] of vaults) {
    needs.push(
      vault(url, GET_SECRET, `vault \`${alias}\` is configured`),
      vault(url, LIST_SECRETS, `vault \`${alias}\` is configured`),
    )
    const writer = writers.find(({ patterns }) => patterns.some((pattern) => mayBeIn(pattern, alias)))
    const rotation = rotations.find(({ secret }) => secret.startsWith(`${alias}/`))
    const why = writer ? `statement/${writer.id}` : rotation && `rotation/${rotation.name}`
    if (why) needs.push(vault(url, SET_SECRET, why))
  }
  for (const { name, rotator, settings } of rotations) {
    if (rotator !== 'storage-key') continue
    const account =
      String((settings as { account?: unknown }).account ?? '')
        .split('/')
        .at(-1) ?? ''
    for (const act of ['listkeys', 'regeneratekey']) needs.push(storage(account, `${act}/action`, `rotation/${name}`))
  }
  return needs
}

/** Per table, container and queue: nothing in the journal or the checkpoints is ever changed. */
function ownData(policyApi: boolean): [path: string, action: string][] {
  const container = `blobServices/default/containers/${CONTAINERS.checkpoints}`
  const queue = `queueServices/default/queues/${QUEUES.keyVaultEvents}`
  return [
    ...Object.values(TABLES).flatMap((name) =>
      tableActs(name, policyApi).map((act): [string, string] => [
        `tableServices/default/tables/${name}`,
        `tableServices/tables/entities/${act}`,
      ]),
    ),
    [container, 'blobServices/containers/blobs/read'],
    [container, 'blobServices/containers/blobs/add/action'],
    [queue, 'queueServices/queues/messages/process/action'],
  ]
}

function tableActs(name: string, policyApi: boolean): string[] {
  if (name === TABLES.audit || name === TABLES.checkpoints) return ['read', 'add/action']
  return name === TABLES.policies && !policyApi ? ['read'] : ['read', 'write', 'add/action', 'delete']
}

/** A pattern with a star or a template in the vault's place may be about any. */
function mayBeIn(pattern: string, alias: string): boolean {
  const [kind = '', vault = '*'] = pattern.split('/')
  if (kind.includes('*') || kind.includes('$')) return true
  return kind === 'secret' && (vault === alias || /[*$]/.test(vault))
}
