import { readFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { connect } from 'node:tls'
import type { LocalRoute } from '../config.ts'

/**
 * An https agent that sends the connections of named production hosts to local servers. The URL, the SNI name and the
 * certificate check stay those of production; only the socket goes elsewhere. A host that is not listed is refused,
 * so a local run can never reach the Internet by mistake.
 */
export function localAgent({ hosts, caPath }: LocalRoute): Agent {
  const ca = readFileSync(caPath)
  const agent = new Agent({ keepAlive: true, ca, maxSockets: 64 })
  agent.createConnection = (options) => {
    const name = String(options.host)
    const local = hosts[name]
    if (!local) throw new Error(`no local server stands in for ${name}`)
    const [host = '127.0.0.1', port] = local.split(':')
    return connect({ ...options, host, port: Number(port), servername: name })
  }
  return agent
}
