import type { Fault } from '../../faults.ts'
import type { ServerAnswer, ServerRequest } from '../../http-server.ts'
import type { CloudService } from '../service.ts'
import { storageRefusal } from './answers.ts'
import { createBlobs } from './blobs.ts'
import { sasFault } from './check-sas.ts'
import { createDelegationKeys } from './delegation-keys.ts'
import { type GiveKeyDeps, giveKey, isKeyRequest } from './give-key.ts'
import { placeOf, type StorageService } from './place.ts'
import { createQueues } from './queues.ts'
import { createTables } from './tables.ts'

/** Accounts of this kind; every other name is Azurite's or keyed storage's. */
const HOST = /^[a-z0-9]{1,21}sas\.(?:blob|queue|table)\./

/**
 * Blob, queue and table service of accounts that know a user-delegation SAS of each, which Azurite does for containers and blobs alone:
 * Get User Delegation Key under an Entra token, everything else under a SAS of such a key.
 */
export function createDelegatedStorage(given: Omit<GiveKeyDeps, 'keys'>): CloudService {
  const deps = { ...given, keys: createDelegationKeys() }
  const services = { blob: createBlobs(deps.now), queue: createQueues(deps.now), table: createTables(deps.now) }

  const act = async (request: ServerRequest): Promise<ServerAnswer> => {
    const place = placeOf(request)
    if (!place) return storageRefusal(request, serviceOf(request), 'InvalidUri')
    const { service } = place
    if (isKeyRequest(request, place)) return giveKey(request, place, deps)
    const operation = services[service](request, place)
    if (!operation) return storageRefusal(request, service, 'UnsupportedHttpVerb')
    // A SAS that lacks a part is a bad one; only a request without any is one that says nothing of itself.
    if (!['sv', 'sig'].some((name) => request.url.searchParams.has(name)))
      return storageRefusal(request, service, 'NoAuthenticationInformation')
    const fault = await sasFault({ request, place, operation }, deps)
    return fault ? storageRefusal(request, service, fault) : operation.run()
  }

  return {
    serves: (host) => HOST.test(host),
    scopeOf: ({ url }) => url.hostname.split('.')[0] ?? '',
    operationOf(request) {
      const place = placeOf(request)
      if (!place) return 'malformed'
      if (isKeyRequest(request, place)) return 'userdelegationkey'
      return `${place.service}-${services[place.service](request, place)?.name ?? 'unknown'}`
    },
    act,
    shape,
  }
}

const serviceOf = ({ url }: ServerRequest) => url.hostname.split('.')[1] as StorageService

function shape({ kind, status = 500, retryAfterSeconds }: Fault): ServerAnswer {
  const code = kind === 'throttle' ? 'ServerBusy' : 'InternalError'
  const headers = { ...(retryAfterSeconds && { 'retry-after': String(retryAfterSeconds) }), 'x-ms-error-code': code }
  const text = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>Injected by a test.</Message></Error>`
  return {
    status: kind === 'throttle' ? 503 : status,
    headers: { ...headers, 'content-type': 'application/xml' },
    text,
  }
}
