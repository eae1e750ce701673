import type { SecretPermission } from '../seed.ts'
import { badParameter, notAllowed } from './vault-error.ts'

export const OPERATIONS = {
  setSecret: 'set',
  getSecret: 'get',
  listSecrets: 'list',
  listVersions: 'list',
  updateSecret: 'set',
  deleteSecret: 'delete',
  getDeletedSecret: 'list',
  listDeletedSecrets: 'list',
  recoverSecret: 'recover',
  purgeSecret: 'purge',
  backupSecret: 'backup',
  restoreSecret: 'restore',
} as const satisfies Record<string, SecretPermission>

export type Operation = keyof typeof OPERATIONS

export type Route = { operation: Operation; name: string; version: string | undefined }

const NAME = /^[0-9a-zA-Z-]{1,127}$/

type Shape = { pattern: RegExp; methods: Record<string, Operation> }

/** In order: `versions`, `backup` and `restore` are words where else a version or a name would stand. */
const SHAPES: Shape[] = [
  { pattern: /^\/secrets\/?$/, methods: { GET: 'listSecrets' } },
  { pattern: /^\/secrets\/restore\/?$/, methods: { POST: 'restoreSecret' } },
  { pattern: /^\/secrets\/([^/]*)\/versions\/?$/, methods: { GET: 'listVersions' } },
  { pattern: /^\/secrets\/([^/]*)\/backup\/?$/, methods: { POST: 'backupSecret' } },
  {
    pattern: /^\/secrets\/([^/]*)\/?$/,
    methods: { GET: 'getSecret', PUT: 'setSecret', PATCH: 'updateSecret', DELETE: 'deleteSecret' },
  },
  { pattern: /^\/secrets\/([^/]*)\/([^/]+)\/?$/, methods: { GET: 'getSecret', PATCH: 'updateSecret' } },
  { pattern: /^\/deletedsecrets\/?$/, methods: { GET: 'listDeletedSecrets' } },
  { pattern: /^\/deletedsecrets\/([^/]*)\/?$/, methods: { GET: 'getDeletedSecret', DELETE: 'purgeSecret' } },
  { pattern: /^\/deletedsecrets\/([^/]*)\/recover\/?$/, methods: { POST: 'recoverSecret' } },
]

/** Which operation a request asks for, its name checked; throws VaultError 400, 404 or 405. */
export function routeOf(method: string, path: string): Route | undefined {
  let knownPath = false
  for (const { pattern, methods } of SHAPES) {
    const found = pattern.exec(path)
    const operation = methods[method]
    knownPath ||= found !== null
    if (!found || !operation) continue
    const [, name = '', version] = found
    if (found.length > 1 && pattern.source.includes('(') && !NAME.test(decoded(name))) {
      throw badParameter(`The request URI contains an invalid name: ${decoded(name)}`)
    }
    return { operation, name: decoded(name), version: version === undefined ? undefined : decoded(version) }
  }
  if (knownPath) throw notAllowed(method)
  return undefined
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw badParameter('The request URI is not valid.')
  }
}
