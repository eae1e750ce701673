import { lookup } from 'node:dns/promises'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import type { LookupFunction } from 'node:net'
import { readBounded } from '../bounded-body.ts'
import { type AllowedHosts, judgeUrl } from './allowed-hosts.ts'
import { CallbackFault } from './callback-fault.ts'
import { isPublicAddress } from './public-address.ts'

export type Resolved = { address: string; family: number }

export type CallOutDeps = {
  allowed: AllowedHosts
  /** PEM of the local CA, for what a local run may call on this machine. */
  localCa?: string
  /** Every address of a name; by default the system's resolver. */
  resolve?: (host: string) => Promise<readonly Resolved[]>
  /** Tests alone bring another one: none may talk to the Internet. */
  isPublic?: (address: string) => boolean
}

export type Outgoing = {
  method: 'GET' | 'POST'
  headers?: Readonly<Record<string, string>>
  body?: string
  /** Resolving, connecting, sending and reading together. */
  timeoutMs: number
  signal?: AbortSignal
}

export type Incoming = { status: number; header(name: string): string | undefined; body: string }

/** One request to somebody else's server; throws CallbackFault. */
export type CallOut = (url: string, outgoing: Outgoing) => Promise<Incoming>

const MAX_BYTES = 65_536

/**
 * Calls out to hosts that the setting allows. INVARIANT: a name is resolved once, every address of it is checked, and the
 * connection goes to one of those: a second look-up could give another answer (DNS rebinding). No redirect is followed, no
 * proxy used, and no connection kept for a later call.
 */
export function createCallOut({
  allowed,
  localCa,
  resolve = resolveAll,
  isPublic = isPublicAddress,
}: CallOutDeps): CallOut {
  return async (text, { timeoutMs, signal, ...outgoing }) => {
    const judged = judgeUrl(text, allowed)
    if ('refused' in judged) throw new CallbackFault(judged.refused)
    const { url, isLocal } = judged
    const limits = [AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])]
    const ends = AbortSignal.any(limits)
    try {
      const addresses = isLocal
        ? [{ address: '127.0.0.1', family: 4 }]
        : await within(
            ends,
            resolve(url.hostname).then(allPublic(isPublic), () => allPublic(isPublic)([])),
          )
      return await exchange(url, outgoing, { addresses, ends, ...(isLocal && localCa && { ca: localCa }) })
    } catch (error) {
      if (ends.aborted) throw new CallbackFault('callback_timeout')
      throw error instanceof CallbackFault ? error : new CallbackFault('callback_unreachable')
    }
  }
}

const resolveAll = (host: string) => lookup(host, { all: true })

/** INVARIANT: one private address among public ones refuses the name: nobody needs both. */
const allPublic = (isPublic: (address: string) => boolean) => (addresses: readonly Resolved[]) => {
  if (addresses.length === 0) throw new CallbackFault('callback_unresolvable')
  if (!addresses.every(({ address }) => isPublic(address))) throw new CallbackFault('callback_private_address')
  return addresses
}

/** A look-up cannot be aborted: it is left alone. */
function within<T>(signal: AbortSignal, act: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const late = () => reject(new CallbackFault('callback_timeout'))
  if (signal.aborted) late()
  signal.addEventListener('abort', late, { once: true })
  return Promise.race([act, promise]).finally(() => signal.removeEventListener('abort', late))
}

type Line = { addresses: readonly Resolved[]; ends: AbortSignal; ca?: string }

async function exchange(url: URL, { method, headers, body }: Omit<Outgoing, 'timeoutMs'>, line: Line) {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const agent = new Agent({ keepAlive: false, ...(line.ca !== undefined && { ca: line.ca }) })
  const sent = {
    'accept-encoding': 'identity',
    ...headers,
    ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
  }
  const options = { method, headers: sent, agent, signal: line.ends, lookup: only(line.addresses) }
  const call = request(url, options)
  call.on('response', resolve)
  call.on('error', reject)
  call.end(body)
  const response = await promise
  try {
    const status = response.statusCode ?? 0
    if (status >= 300 && status < 400) throw new CallbackFault('callback_redirected')
    const header = (name: string) => [response.headers[name]].flat()[0]
    return { status, header, body: (await readBounded(response, MAX_BYTES, unusable)).toString('utf8') }
  } finally {
    response.destroy()
    agent.destroy()
  }
}

/** Gives the connection what was checked, whatever it asks for. */
function only(addresses: readonly Resolved[]): LookupFunction {
  const [first] = addresses
  return (_host, options, callback) => {
    if (options.all) callback(null, [...addresses])
    else callback(null, first?.address ?? '', first?.family)
  }
}

const unusable = (why: 'too_large' | 'truncated') =>
  new CallbackFault(why === 'too_large' ? 'callback_answer_too_large' : 'callback_unreachable')
