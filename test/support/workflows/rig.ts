import { randomUUID } from 'node:crypto'
import { rotation } from '../../../functions/rotation.ts'
import { SCHEDULES, tick } from '../../../functions/schedules.ts'
import type { RunnerDeps } from '../../../local/logic-apps/run/deps.ts'
import { runWorkflow, type Start } from '../../../local/logic-apps/run/run-workflow.ts'
import { sendByFetch } from '../../../local/logic-apps/run/send.ts'
import { readSample } from '../../../local/logic-apps/samples.ts'
import { type ServerRequest, serve } from '../../../local/servers/http-server.ts'
import type { TestRig } from '../rig.ts'
import { secretGateway } from '../secret-gateway.ts'
import { directory } from '../tenant.ts'
import { gatewayServer } from './gateway-server.ts'

export const AUDIENCE = directory.gatewayResource.uri

/** The identity that a workflow runs as: a managed one of the local tenant, with the permits of its sample and no others. */
export type Worker = { deps: RunnerDeps; waits: number[] }

/** A longer step would make a look at the clock of storage wonder. */
const STEP_MS = 5_000

type Options = {
  /** Sample → what its policy documents say of other things than its examples. */
  policies: Record<string, (text: string) => string>
  documents: object[]
  settings?: Record<string, string>
}

/** A gateway over HTTP that knows the samples' workflows by the policies beside them, and a clock that waiting moves. */
export async function workflowRig(local: TestRig, { policies, documents, settings = {} }: Options) {
  let ahead = 0
  const now = () => Date.now() + ahead
  const server = await gatewayServer()
  const identities = new Map<string, string>()
  const samples = await Promise.all(
    Object.entries(policies).map(async ([sample, change]) => {
      const [clientId, objectId] = [randomUUID(), randomUUID()]
      const resourceId = `/subscriptions/${randomUUID()}/resourcegroups/rg/providers/Microsoft.Logic/workflows/${sample}`
      await local.identityControl.registerIdentity({
        name: `workflow-${objectId}`,
        kind: 'user',
        clientId,
        objectId,
        resourceId,
      })
      identities.set(sample, clientId)
      return policyOf(sample, { tenant: local.tenant, objectId }, change)
    }),
  )
  const on = await secretGateway(local, [...documents, ...samples.flat()], {
    now,
    settings: { SALLYPORT_ISSUER: server.url, ...settings },
  })
  server.open(on.gateway)

  async function token(clientId: string, audience: string): Promise<string> {
    const { IDENTITY_ENDPOINT = '', IDENTITY_HEADER = '' } = local.environment
    const query = new URLSearchParams({ 'api-version': '2019-08-01', resource: audience, client_id: clientId })
    const answer = await fetch(`${IDENTITY_ENDPOINT}?${query}`, { headers: { 'X-IDENTITY-HEADER': IDENTITY_HEADER } })
    if (!answer.ok) throw new Error(`no token: ${answer.status}`)
    return ((await answer.json()) as { access_token: string }).access_token
  }

  return {
    ...{ on, server, toGateway: { gatewayUrl: server.url, audience: AUDIENCE } },
    /** One look of each timer that drives what waits. */
    async timers(...names: string[]) {
      for (const schedule of SCHEDULES) if (names.includes(schedule.name)) await tick(schedule, on.gateway)
    },
    /** The last run of a rotation. */
    async rotationRun(name: string) {
      const { json } = await on.call(rotation, 'platform-engineer', { params: { name } })
      return (json as { run?: { id: string; state: string } }).run
    },
    /** As the workflow of a sample; each wait moves the clock of everybody, then the timers do their work. */
    worker(sample: string, { timers = [], ...more }: Partial<RunnerDeps> & { timers?: string[] } = {}): Worker {
      const waits: number[] = []
      const wait = async (ms: number) => {
        waits.push(ms)
        ahead += Math.min(ms, STEP_MS)
        await this.timers(...timers)
      }
      const deps: RunnerDeps = {
        ...{ send: sendByFetch, now, wait, authenticatePolls: true, random: () => 0.5 },
        token: (audience) => token(identities.get(sample) ?? '', audience),
        ...more,
      }
      return { deps, waits }
    },
    /** Runs a definition of a sample; the history must be there. */
    async run(path: string, worker: Worker, start: Start) {
      const record = await runWorkflow(readSample(path), start, worker.deps)
      if (!record) throw new Error('no run came of it')
      return record
    },
    async close() {
      await on.gateway.close()
      await server.close()
    },
  }
}

const NOBODY = '00000000-0000-0000-0000-000000000000'

/** The documents of a sample's policy.json, about an identity. */
export function policyOf(
  sample: string,
  { tenant, objectId }: { tenant: string; objectId: string },
  change: (text: string) => string = (text) => text,
): object[] {
  const text = change(JSON.stringify(readSample(`${sample}/policy.json`)))
  const about = text.replaceAll(`"tenant":"${NOBODY}"`, `"tenant":"${tenant}"`).replaceAll(NOBODY, objectId)
  return JSON.parse(about)
}

/** A rotation whose run is over in seconds of the rig's clock. */
export const shortRotation = (name: string) => ({
  ...{ kind: 'rotation', name, secret: `main/${name}`, rotator: 'generate', mode: 'auto', every: '30d' },
  ...{ owner: 'team-test', verify: { successes: 1, over: '1s' }, retire: { lookBack: '1d', deadline: '2s' } },
})

/** Somebody else's API: keeps what it was sent, and answers what it is told to. */
export async function someApi(answer: (request: ServerRequest) => { status: number; json?: unknown }) {
  const seen: ServerRequest[] = []
  const server = await serve({
    port: 0,
    handle: (request) => {
      seen.push(request)
      return answer(request)
    },
  })
  return { ...server, seen, url: `http://127.0.0.1:${server.port}/things` }
}
