import { GATEWAY_OPTIONS, GATEWAY_USAGE, openGateway } from './gateway/gateway.ts'
import { rotationPath } from './gateway/rotation-path.ts'
import { standing, stateLines } from './gateway/run-lines.ts'
import { EXIT, type Verb } from './verb.ts'

export const rotationStatus: Verb = {
  name: 'rotation status',
  usage: `NAME [RUN] ${GATEWAY_USAGE} [--json]`,
  summary:
    'Says where a rotation stands, or one run of it: what was reached when, what it waits for, who has not picked up.',
  options: GATEWAY_OPTIONS,
  async run(call) {
    const path = rotationPath(call, { run: 'optional' })
    const gateway = await openGateway(call)
    const { json } = await gateway({ path })
    const run = call.positionals[1] === undefined ? await latestRun(json) : json
    const about = call.positionals[1] === undefined ? [head(json)] : []
    return {
      exit: EXIT.ok,
      json: run ? { ...json, run } : json,
      text: [...about, ...(run ? [...stateLines(run), standing(run)] : [])],
    }

    async function latestRun({ run }: Record<string, unknown>) {
      const id = (run as { id?: unknown } | undefined)?.id
      return typeof id === 'string' ? (await gateway({ path: `${path}/runs/${id}` })).json : undefined
    }
  },
}

const head = ({ name, secret, rotator, state, lastRotatedAt }: Record<string, unknown>) =>
  `${name}: ${state}, ${rotator} of ${secret}, last rotated ${lastRotatedAt ?? 'never by Sallyport'}`
