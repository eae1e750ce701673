import { randomUUID } from 'node:crypto'
import { GATEWAY_OPTIONS, GATEWAY_USAGE, openGateway } from './gateway/gateway.ts'
import { rotationPath } from './gateway/rotation-path.ts'
import { standing } from './gateway/run-lines.ts'
import { EXIT, type Verb } from './verb.ts'

export const rotationAbort: Verb = {
  name: 'rotation abort',
  usage: `NAME RUN ${GATEWAY_USAGE} [--json]`,
  summary: 'Gives up a run that has not published its new version: what it added is taken back, the current one stays.',
  options: GATEWAY_OPTIONS,
  async run(call) {
    const path = rotationPath(call, { run: 'required' })
    const gateway = await openGateway(call)
    const headers = { 'idempotency-key': randomUUID() }
    const { json } = await gateway({ method: 'POST', path: `${path}/steps`, headers, json: { step: 'abort' } })
    return { exit: EXIT.ok, json, text: [standing(json)] }
  },
}
