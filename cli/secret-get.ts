import { secretPath, textOption } from './gateway/arguments.ts'
import { GATEWAY_OPTIONS, GATEWAY_USAGE, openGateway, textIn } from './gateway/gateway.ts'
import { EXIT, type Verb } from './verb.ts'

export const secretGet: Verb = {
  name: 'secret get',
  usage: `VAULT/NAME [--version V] ${GATEWAY_USAGE} [--json]`,
  summary: 'Prints the value of a secret and nothing else; --json prints the whole answer.',
  options: { ...GATEWAY_OPTIONS, version: { type: 'string' } },
  async run(call) {
    const request = { path: secretPath(call), query: { version: textOption(call, 'version') } }
    const { json } = await (await openGateway(call))(request)
    return { exit: EXIT.ok, json, value: textIn(json, 'value') }
  },
}
