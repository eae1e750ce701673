import { join } from 'node:path'
import { operatorCredential } from '../local/operator.ts'
import { repositoryRoot } from '../local/repository-root.ts'
import identities from '../local/seed/identities.json' with { type: 'json' }
import { createAzure } from '../shared/azure/azure.ts'
import { loadConfig } from '../shared/config.ts'
import { applyPolicies } from '../shared/policy/apply.ts'
import { loadDocuments } from '../shared/policy/load-documents.ts'
import { type Benchmark, median, round, spreadOf } from './figure.ts'
import { type Stack, startBenchHost, startStack } from './stack.ts'

/** The shipped default. */
const POLL_SECONDS = 5
const ROUNDS = 10
const ASK_EVERY_MS = 20
const GOAL = 1.2

/** B11: how long a running instance goes on under the old set after `apply` has published a new one. */
export const policyEffect: Benchmark = {
  id: 'B11',
  what: `policy apply → in effect on a running instance that polls every ${POLL_SECONDS} s`,
  run: async (say) => {
    const stack = await startStack()
    const host = await startBenchHost(stack, { SALLYPORT_POLICY_POLL_SECONDS: String(POLL_SECONDS) })
    try {
      const apply = await applier(stack)
      const headers = { authorization: `Bearer ${await stack.token('stranger')}` }
      const ask = async () => (await fetch(`${host.url}/v1/secrets/main/stripe-api-key`, { headers })).status
      await until(ask, 403)
      const rounds: { seconds: number; applySeconds: number }[] = []
      for (let index = 0; index < ROUNDS; index++) {
        // Somewhere in the interval, evenly: the poll's phase is what decides.
        await pause((index / ROUNDS) * POLL_SECONDS * 1_000)
        const permitted = index % 2 === 0
        const started = performance.now()
        await apply(permitted)
        const published = performance.now()
        await until(ask, permitted ? 200 : 403)
        const seconds = (performance.now() - published) / 1_000
        rounds.push({ seconds, applySeconds: (published - started) / 1_000 })
        say(`${permitted ? 'permitted' : 'denied'} after ${round(seconds, 2)} s`)
      }
      const ratios = rounds.map(({ seconds }) => seconds / POLL_SECONDS)
      const [low, high] = spreadOf(ratios)
      return {
        what: 'time from apply to effect, at worst ÷ poll interval',
        value: round(high, 2),
        unit: '× the interval',
        goal: `≤ ${GOAL} ×`,
        met: high <= GOAL,
        spread: [round(low, 2), round(high, 2)],
        baseline: `the poll interval, ${POLL_SECONDS} s`,
        notes: {
          'median (s)': round(median(rounds.map(({ seconds }) => seconds)), 2),
          'apply itself (s)': round(median(rounds.map(({ applySeconds }) => applySeconds)), 2),
        },
      }
    } finally {
      await host.stop()
      await stack.stop()
    }
  },
}

/** Publishes the example policies, with or without a permit for the stranger, as the operator. */
async function applier({ environment, stateDir, servers: { identity, ca } }: Stack) {
  const operator = operatorCredential({ stateDir, identity, ca })
  const azure = createAzure(loadConfig(environment), { openCredential: async () => operator })
  const examples = await loadDocuments(join(repositoryRoot, 'local', 'seed', 'policies'))
  const stranger = identities.apps.find(({ name }) => name === 'stranger')
  const permit = {
    kind: 'statement',
    id: 'bench-stranger',
    effect: 'permit',
    principals: [{ entra: { tenant: identities.tenant, objectId: stranger?.objectId } }],
    roles: ['secret-reader'],
    resources: ['secret/main/stripe-api-key'],
    owner: 'team-bench',
  }
  return (permitted: boolean) =>
    applyPolicies({
      table: azure.table('policies'),
      documents: permitted ? [...examples, permit] : examples,
      now: Date.now,
    })
}

async function until(ask: () => Promise<number>, wanted: number): Promise<void> {
  for (let status = await ask(); status !== wanted; status = await ask()) await pause(ASK_EVERY_MS)
}

const pause = (ms: number) => new Promise((turn) => setTimeout(turn, ms))
