/*
 * Builds a gateway out of the environment as functions/index.ts does, uses it as argv says, closes it, and then has
 * nothing left to do: it must end by itself. When something keeps it alive, it says what, and ends with 1.
 */
import { jwks } from '../../functions/jwks.ts'
import { secret } from '../../functions/secret.ts'
import { whoami } from '../../functions/whoami.ts'
import { loadConfig } from '../../shared/config.ts'
import { createGateway } from '../../shared/gateway.ts'
import type { Endpoint } from '../../shared/http/endpoint.ts'
import { handle } from '../../shared/http/handle.ts'
import { gatewayRequest } from './gateway-request.ts'

const ALARM_MS = 30_000
const [use = '', name = '', token = ''] = process.argv.slice(2)

const gateway = createGateway(loadConfig(process.env), { log: () => undefined })

const get = async (endpoint: Endpoint, bearer: string, query = '') => {
  const headers = { authorization: `Bearer ${bearer}` }
  const request = gatewayRequest({ method: 'GET', params: { vault: 'main', name }, query, headers })
  return (await handle(endpoint, request, gateway)).status
}

const statuses: number[] = []
let waiting: Promise<number> | undefined
if (use !== 'unused') {
  // In this order: a refused token starts the timer of the refusals, a read opens the journal, a wait is left hanging.
  for (const bearer of [token, 'garbage']) statuses.push(await get(whoami, bearer))
  statuses.push(await get(jwks, token), await get(secret, token))
  if (use === 'waiting') waiting = get(secret, token, 'wait=25')
}
await gateway.close()
if (waiting) statuses.push(await waiting)
process.stdout.write(JSON.stringify(statuses))

setTimeout(() => {
  process.stdout.write(` still alive: ${process.getActiveResourcesInfo().join(', ')}`)
  process.exit(1)
}, ALARM_MS).unref()
