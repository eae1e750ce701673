import type { Socket } from 'node:net'

/**
 * What Azure's front end does before the host sees a request: the caller's address and port are appended to
 * X-Forwarded-For, and identities that only the platform may assert (Easy Auth) are dropped.
 */
export function throughFrontEnd(headers: Record<string, string>, socket: Socket): void {
  for (const name of Object.keys(headers)) if (name.startsWith('x-ms-client-principal')) delete headers[name]
  const address = socket.remoteAddress ?? ''
  const plain = address.startsWith('::ffff:') ? address.slice(7) : address
  const client = `${plain.includes(':') ? `[${plain}]` : plain}:${socket.remotePort ?? 0}`
  const before = headers['x-forwarded-for']
  headers['x-forwarded-for'] = before === undefined ? client : `${before}, ${client}`
}
