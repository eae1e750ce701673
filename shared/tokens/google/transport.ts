import type { Agent } from 'node:https'
import type { gaxios } from 'google-auth-library'

type Transport = gaxios.Gaxios

export type TransportDeps = {
  /** Local run only. */
  agent?: Agent
  /** Ends every request of the client that gets the transport. */
  signal: AbortSignal
}

const MAX_BYTES = 65_536

/**
 * What a Google client sends its requests through. TRAP: the library asks for retries at each request, up to seconds of
 * them, and follows redirects with the credential (T40); both are taken out of every request. One attempt is all: the
 * broker decides when to ask again.
 */
export async function createTransport({ agent, signal }: TransportDeps): Promise<Transport> {
  const { gaxios } = await import('google-auth-library')
  class OneAttempt extends gaxios.Gaxios {
    override request<T>(options: gaxios.GaxiosOptions = {}) {
      const { retryConfig: _, ...asked } = options
      return super.request<T>({ ...asked, ...fixed })
    }
  }
  const fixed = {
    retry: false,
    redirect: 'error' as const,
    maxContentLength: MAX_BYTES,
    signal,
    ...(agent && { agent }),
  }
  return new OneAttempt()
}

/**
 * TRAP: clients that exchange at Google's STS make a transport of their own for it, whatever they are given, so the request
 * with the subject token would go past ours. Throws when the library has changed.
 */
export function routeSts<T extends object>(client: T, transporter: Transport): T {
  const sts: unknown = Reflect.get(client, 'stsCredential')
  if (typeof sts !== 'object' || sts === null || !('transporter' in sts)) throw new Error('google-auth-library changed')
  sts.transporter = transporter
  return client
}
