import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { GATEWAY_OPTIONS, GATEWAY_USAGE, type GatewayClient, openGateway, textIn } from './gateway/gateway.ts'
import { rotationPath } from './gateway/rotation-path.ts'
import { isOver, standing, stateLines } from './gateway/run-lines.ts'
import { type Call, EXIT, type Verb } from './verb.ts'

const LOOK_MS = 1_000

export const rotationRun: Verb = {
  name: 'rotation run',
  usage: `NAME [--no-wait] ${GATEWAY_USAGE} [--json]`,
  summary: 'Rotates now and shows each stage until the run is over or stuck; Ctrl-C stops looking, not the run.',
  options: { ...GATEWAY_OPTIONS, 'no-wait': { type: 'boolean' } },
  async run(call) {
    const path = rotationPath(call, { run: 'none' })
    const gateway = await openGateway(call)
    const headers = { 'idempotency-key': randomUUID() }
    const started = (await gateway({ method: 'POST', path: `${path}/runs`, headers })).json
    const run = call.values['no-wait'] ? started : await follow(call, gateway, { path, run: started })
    const exit = run['state'] === 'stuck' || run['state'] === 'aborted' ? EXIT.refused : EXIT.ok
    return { exit, json: run, text: [standing(run)] }
  },
}

/** Says each state when it is reached, and who holds the retirement up when that changes. */
async function follow(
  call: Call,
  gateway: GatewayClient,
  { path, run }: { path: string; run: Record<string, unknown> },
) {
  const id = textIn(run, 'id')
  let shown = 0
  let last = ''
  for (let latest = run; ; latest = (await gateway({ path: `${path}/runs/${id}` })).json) {
    for (const line of stateLines(latest).slice(shown)) call.note(line)
    shown = Math.max(shown, stateLines(latest).length)
    const now = standing(latest)
    if (now !== last && !isOver(latest)) call.note(`  ${now}`)
    last = now
    if (isOver(latest)) return latest
    await sleep(LOOK_MS)
  }
}
