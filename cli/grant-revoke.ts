import { randomUUID } from 'node:crypto'
import { onlyArgument, textOption } from './gateway/arguments.ts'
import { GATEWAY_OPTIONS, GATEWAY_USAGE, openGateway } from './gateway/gateway.ts'
import { type Call, CliError, EXIT, type Verb } from './verb.ts'

export const grantRevoke: Verb = {
  name: 'grant revoke',
  usage: `ID | --principal ID | --resource-prefix R ${GATEWAY_USAGE} [--json]`,
  summary:
    'Ends a grant, all grants of a principal, or all that reach something at or below a resource; children end with them.',
  options: { ...GATEWAY_OPTIONS, principal: { type: 'string' }, 'resource-prefix': { type: 'string' } },
  async run(call) {
    const many = manyOf(call)
    const id = many ? undefined : onlyArgument(call, 'the id of a grant, or --principal, or --resource-prefix')
    const gateway = await openGateway(call)
    if (id !== undefined) {
      await gateway({ method: 'DELETE', path: `/v1/grants/${encodeURIComponent(id)}` })
      return { exit: EXIT.ok, json: { revoked: 1 }, text: [`revoked ${id}`] }
    }
    const headers = { 'idempotency-key': randomUUID() }
    const { json } = await gateway({ method: 'POST', path: '/v1/grant-revocations', headers, json: many })
    return { exit: EXIT.ok, json, text: [`${json['revoked']} revoked`] }
  },
}

function manyOf(call: Call): Record<string, string> | undefined {
  const [principal, resourcePrefix] = [textOption(call, 'principal'), textOption(call, 'resource-prefix')]
  if (principal === undefined && resourcePrefix === undefined) return undefined
  if (call.positionals.length > 0 || (principal !== undefined && resourcePrefix !== undefined)) {
    throw new CliError(EXIT.usage, 'one of: the id of a grant, --principal, --resource-prefix')
  }
  return principal !== undefined ? { principal } : { resourcePrefix: resourcePrefix ?? '' }
}
