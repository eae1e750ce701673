import type { ServerAnswer } from '../http-server.ts'

/** A refusal as Key Vault words it: `{error: {code, message, innererror?: {code}}}`. */
export class VaultError extends Error {
  readonly status: number
  readonly code: string
  readonly inner: string | undefined
  readonly headers: Record<string, string>

  constructor(
    status: number,
    code: string,
    message: string,
    extras: { inner?: string; headers?: Record<string, string> } = {},
  ) {
    super(message)
    this.name = 'VaultError'
    this.status = status
    this.code = code
    this.inner = extras.inner
    this.headers = extras.headers ?? {}
  }
}

export const vaultErrorAnswer = ({ status, code, message, inner, headers }: VaultError): ServerAnswer => ({
  status,
  headers,
  json: { error: { code, message, ...(inner && { innererror: { code: inner } }) } },
})

export const badParameter = (message: string) => new VaultError(400, 'BadParameter', message)

export const secretNotFound = (name: string) =>
  new VaultError(
    404,
    'SecretNotFound',
    `A secret with (name/id) ${name} was not found in this key vault. If you recently deleted this secret you may be able to recover it using the correct recovery command. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182`,
  )

export const deletedNotFound = (name: string) =>
  new VaultError(404, 'SecretNotFound', `Deleted Secret not found: ${name}`)

export const notAllowed = (method: string) => new VaultError(405, 'MethodNotAllowed', `HTTP ${method} not allowed.`)

export const disabled = () =>
  new VaultError(403, 'Forbidden', 'Operation get is not allowed on a disabled secret.', { inner: 'SecretDisabled' })

const conflict = (inner: string, message: string) => new VaultError(409, 'Conflict', message, { inner })

export const beingDeleted = (name: string) =>
  conflict('ObjectIsBeingDeleted', `Secret ${name} is currently being deleted.`)

export const deletedButRecoverable = (name: string) =>
  conflict(
    'ObjectIsDeletedButRecoverable',
    `Secret ${name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged.`,
  )

export const beingRecovered = (name: string) =>
  conflict('ObjectIsBeingRecovered', `Secret ${name} is currently being recovered.`)

export const alreadyExists = (name: string) =>
  new VaultError(
    409,
    'Conflict',
    `There was a conflict restoring the secret ${name}; a secret with this name already exists.`,
  )

export const throttled = (retryAfterSeconds: number) =>
  new VaultError(
    429,
    'Throttled',
    'Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached',
    {
      headers: { 'retry-after': String(retryAfterSeconds) },
    },
  )
