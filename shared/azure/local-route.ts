import { readFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { Socket } from 'node:net'
import { createSecureContext } from 'node:tls'
import type { LocalRoute } from '../config.ts'

/**
 * An https agent that sends the connections of named production hosts to local servers. The URL, the SNI name and the
 * certificate check stay those of production; only the socket goes elsewhere. A host that is not listed is refused,
 * so a local run can never reach the Internet by mistake.
 */
export function localAgent({ hosts, caPath }: LocalRoute): Agent {
  // Once for the agent: from `ca` alone, Node reads the certificates again for each connection.
  const secureContext = createSecureContext({ ca: readFileSync(caPath) })
  const agent = new Agent({ keepAlive: true, secureContext, maxSockets: 64 })
  const open = agent.createConnection.bind(agent)
  // The refusal must go through the callback: a throw would escape as an uncaught exception where the agent opens a
  // socket for a request that had to queue.
  agent.createConnection = (options, callback) => {
    const name = String(options.host)
    const local = Object.hasOwn(hosts, name) ? hosts[name] : undefined
    const [, host, port] = /^(.+):(\d+)$/.exec(local ?? '') ?? []
    if (!host || !port) {
      process.nextTick(() => callback?.(new Error(`no local server stands in for ${name}`), new Socket()))
      return undefined
    }
    return open({ ...options, host, port: Number(port), servername: name }, callback)
  }
  return agent
}

/** Where a host is really reached, for clients that are no https agent. `ca`: PEM of the local CA; absent in Azure. */
export type Dialled = { host: string; port: number; ca?: string }

/** The same in Azure; in a local run the server that stands in, and nothing else. Throws for a host that none stands in for. */
export function dialler(local: LocalRoute | undefined): (host: string, port: number) => Dialled {
  if (!local) return (host, port) => ({ host, port })
  const { hosts, caPath } = local
  return (name) => {
    const [, host, port] = /^(.+):(\d+)$/.exec(Object.hasOwn(hosts, name) ? (hosts[name] ?? '') : '') ?? []
    if (!host || !port) throw new Error(`no local server stands in for ${name}`)
    return { host, port: Number(port), ca: readFileSync(caPath, 'utf8') }
  }
}
