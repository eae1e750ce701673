import { z } from 'zod'
import { distinct } from '../primitives.ts'
import { isBlobPath } from './storage-path.ts'

/** One service of one account in any cloud; which cloud is checked where it is known, when a token is planned. */
const ORIGIN =
  /^https:\/\/[a-z0-9]{3,24}\.(blob|queue|table)\.core\.(?:windows\.net|chinacloudapi\.cn|usgovcloudapi\.net)$/

/** What each kind of resource can be permitted; the words are what `scope` narrows by. */
const OFFERED = {
  container: ['read', 'list', 'add', 'create', 'write', 'delete', 'tag', 'move', 'execute'],
  directory: ['read', 'add', 'create', 'write', 'delete', 'move', 'execute'],
  blob: ['read', 'add', 'create', 'write', 'delete', 'tag', 'move', 'execute'],
  queue: ['read', 'add', 'update', 'process'],
  table: ['read', 'add', 'update', 'delete'],
} as const

const READ_ONLY: readonly string[] = ['read', 'list'] satisfies SasPermission[]

export type SasPermission = (typeof OFFERED)[keyof typeof OFFERED][number]

const Permission = z.enum([...new Set(Object.values(OFFERED).flat())] as [SasPermission, ...SasPermission[]])

const blobPath = z
  .string()
  .refine(isBlobPath, 'must be a path without empty, `.` or `..` parts, % or \\, or a dot at an end')

/** A user-delegation SAS (learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas). */
export const StorageSasToken = z
  .strictObject({
    kind: z.literal('storage-sas'),
    /** Origin of the service, such as `https://contoso.blob.core.windows.net`. */
    endpoint: z
      .string()
      .regex(ORIGIN, 'must be https://<account>.<blob|queue|table>.<suffix of the cloud>, nothing more'),
    container: z
      .string()
      .regex(/^(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*$/, 'must be the name of a container')
      .optional(),
    /** Needs a hierarchical namespace. */
    directory: blobPath.optional(),
    blob: blobPath.optional(),
    queue: z
      .string()
      .regex(/^(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*$/, 'must be the name of a queue')
      .optional(),
    table: z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9]{2,62}$/, 'must be the name of a table')
      .optional(),
    permissions: distinct(Permission, 10),
    /**
     * The Entra object id of whom the SAS is for: `recorded` in it (`saoid`, hierarchical namespace: owner of what is made
     * with it) or `required` beside it (`sduoid`, preview: worth nothing without that caller's own Entra token).
     */
    holder: z.enum(['recorded', 'required']).optional(),
    maxTtlSeconds: z.int().min(60).max(43_200).default(3_600),
  })
  .superRefine(acrossFields)

export type StorageSasToken = z.infer<typeof StorageSasToken>

const NAMES = ['container', 'queue', 'table'] as const

/** The one resource that the document names. */
export function sasResource({ container, directory, blob, queue, table }: StorageSasToken) {
  if (container !== undefined) {
    const [kind, path] = blob !== undefined ? (['blob', blob] as const) : (['directory', directory] as const)
    if (path === undefined) return { kind: 'container', container, path: '' } as const
    return { kind, container, path } as const
  }
  return queue !== undefined ? ({ kind: 'queue', queue } as const) : ({ kind: 'table', table: table ?? '' } as const)
}

/** Which service the origin belongs to, and whose account it is. */
export function sasService(endpoint: string): { account: string; service: 'blob' | 'queue' | 'table' } {
  const [account = '', service] = new URL(endpoint).hostname.split('.')
  return { account, service: service as 'blob' | 'queue' | 'table' }
}

/** The permissions that a target with `access: read` must not hold. */
export const sasWrites = ({ permissions }: StorageSasToken): boolean =>
  permissions.some((permission) => !READ_ONLY.includes(permission))

type Add = (path: PropertyKey[], message: string) => void

function acrossFields(token: StorageSasToken, context: z.RefinementCtx): void {
  const fault: Add = (path, message) => context.addIssue({ code: 'custom', path, message })
  const named = NAMES.filter((name) => token[name] !== undefined)
  const inContainer = token.directory !== undefined || token.blob !== undefined
  if (named.length !== 1) fault(named.slice(1, 2), 'must name one of container, queue and table')
  else if (inContainer && token.container === undefined) fault(['container'], 'is missing')
  else ofResource(token, fault)
  if (token.directory !== undefined && token.blob !== undefined) fault(['blob'], 'must not stand beside a directory')
}

function ofResource(token: StorageSasToken, fault: Add): void {
  const { kind } = sasResource(token)
  const wanted = kind === 'queue' || kind === 'table' ? kind : 'blob'
  if (sasService(token.endpoint).service !== wanted) fault(['endpoint'], `must be that of the ${wanted} service`)
  const offered: readonly string[] = OFFERED[kind]
  for (const [at, permission] of token.permissions.entries()) {
    if (!offered.includes(permission)) fault(['permissions', at], `does not exist for a ${kind}`)
  }
  if (token.holder === 'recorded' && wanted !== 'blob') fault(['holder'], 'is recorded by the blob service only')
}
