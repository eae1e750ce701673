import { randomUUID } from 'node:crypto'
import type { Fault } from '../faults.ts'
import type { ServerAnswer, ServerRequest } from '../http-server.ts'
import type { StorageKeys } from './arm/storage-keys.ts'
import type { CloudService } from './service.ts'
import { isSignedWith } from './shared-key.ts'

type Deps = { keys: StorageKeys; now(): number }

/** As long as the service takes a request's own date for good. */
const MAX_AGE_MS = 900_000

/**
 * The blob endpoint of accounts whose keys ARM (arm/) makes anew, which Azurite cannot: `GET /?restype=account&comp=properties`
 * under Shared Key, to try a key on. A key that was made anew stops at once.
 */
export function createKeyedStorage(deps: Deps): CloudService {
  return {
    serves: (host) => /^[a-z0-9]{3,24}\.blob\./.test(host),
    scopeOf: ({ url }) => accountOf(url),
    operationOf: ({ url }) => `blob-${url.searchParams.get('comp') ?? ''}`,
    act: (request) => act(request, deps),
    shape: ({ kind, status = 500, retryAfterSeconds }: Fault) => {
      const code = kind === 'throttle' ? 503 : status
      const wait = { ...(retryAfterSeconds && { 'retry-after': String(retryAfterSeconds) }) }
      return refusal(code, kind === 'throttle' ? 'ServerBusy' : 'InternalError', wait)
    },
  }
}

async function act(request: ServerRequest, { keys, now }: Deps): Promise<ServerAnswer> {
  const { url, headers, method } = request
  const account = accountOf(url)
  const pair = await keys.of(account)
  const date = Date.parse(String(headers['x-ms-date'] ?? headers.date))
  const isFresh = Math.abs(now() - date) <= MAX_AGE_MS
  if (!isFresh || !isSignedWith(request, account, [pair.key1.value, pair.key2.value])) {
    return refusal(403, 'AuthenticationFailed')
  }
  const { searchParams } = url
  if (method !== 'GET' || searchParams.get('restype') !== 'account' || searchParams.get('comp') !== 'properties') {
    return refusal(400, 'UnsupportedQueryParameter')
  }
  const kind = { 'x-ms-sku-name': 'Standard_LRS', 'x-ms-account-kind': 'StorageV2', 'x-ms-is-hns-enabled': 'false' }
  return { status: 200, headers: { ...common(), ...kind }, text: '' }
}

const accountOf = ({ hostname }: URL) => hostname.split('.')[0] ?? ''

const common = () => ({ 'x-ms-request-id': randomUUID(), 'x-ms-version': '2025-11-05' })

const refusal = (status: number, code: string, headers: Record<string, string> = {}): ServerAnswer => ({
  status,
  headers: { ...common(), ...headers, 'content-type': 'application/xml', 'x-ms-error-code': code },
  text: `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>Refused.</Message></Error>`,
})
