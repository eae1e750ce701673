import { operatorCredential } from '../local/operator.ts'
import { createAzure } from '../shared/azure/azure.ts'
import type { Table } from '../shared/azure/table.ts'
import { loadConfig } from '../shared/config.ts'
import { parseDocument } from '../shared/policy/documents/document.ts'
import type { RotationDocument } from '../shared/policy/documents/rotation.ts'
import { ownOf } from '../shared/rotation/own-target.ts'
import { createRotations } from '../shared/rotation/rotations.ts'
import type { Rotator } from '../shared/rotation/rotator.ts'
import { generate } from '../shared/rotation/rotators/generate.ts'
import { Secret } from '../shared/secrets/secret.ts'
import { type Benchmark, median, round, spreadOf } from './figure.ts'
import { type Stack, startStack } from './stack.ts'

const DUE = 100
const ALL = 10_000
const ROUNDS = 3
const GOAL = 2
const HOUR_MS = 3_600_000

/** B12: what a tick costs with 10,000 rotations of which 100 are due, against 100 of which all are. */
export const rotationTick: Benchmark = {
  id: 'B12',
  what: `a tick that rotates ${DUE} secrets: of ${ALL} under rotation, and of ${DUE}`,
  run: async (say) => {
    const stack = await startStack()
    try {
      const fleet = createFleet(stack)
      await fleet.makeSecrets()
      const few = await rounds(fleet, say)
      fleet.add(Array.from({ length: ALL - DUE }, (_, at) => rotation(`idle-${at}`, '3650d')))
      const many = await rounds(fleet, say)
      const seconds = (ticks: Timed[]) => ticks.map((tick) => tick.seconds)
      const ratios = seconds(many).map((each) => each / median(seconds(few)))
      const [low, high] = spreadOf(ratios)
      return {
        what: `tick with ${ALL} rotations ÷ with ${DUE}, ${DUE} due in both`,
        value: round(median(ratios), 2),
        unit: '×',
        goal: `≤ ${GOAL} ×`,
        met: median(ratios) <= GOAL,
        spread: [round(low, 2), round(high, 2)],
        baseline: `${round(median(seconds(few)), 2)} s for ${DUE} of ${DUE}`,
        notes: {
          [`tick with ${ALL} (s)`]: round(median(seconds(many)), 2),
          // Tells what the tick does, whatever else the machine does meanwhile.
          [`table calls of a tick with ${DUE}`]: median(few.map(({ calls }) => calls)),
          [`table calls of a tick with ${ALL}`]: median(many.map(({ calls }) => calls)),
        },
      }
    } finally {
      await stack.stop()
    }
  },
}

type Fleet = ReturnType<typeof createFleet>
type Timed = { seconds: number; calls: number }

/** The ticks after a change of documents look at each once and do not count. */
async function rounds(fleet: Fleet, say: (line: string) => void): Promise<Timed[]> {
  const timed: Timed[] = []
  for (let more = true; more; ) {
    const first = await fleet.tick()
    more = first.more
    say(`${fleet.size()} rotations: ${first.due} looked at after the change of documents, ${round(first.seconds, 1)} s`)
  }
  for (let index = 0; index < ROUNDS; index += 1) {
    const { seconds, calls, moved, due } = await fleet.tick()
    say(`${fleet.size()} rotations: ${due} looked at, ${moved} steps, ${calls} table calls, ${round(seconds, 2)} s`)
    timed.push({ seconds, calls })
  }
  return timed
}

function createFleet({ environment, stateDir, servers: { identity, ca } }: Stack) {
  const operator = operatorCredential({ stateDir, identity, ca })
  const config = loadConfig(environment)
  const azure = createAzure(config, { openCredential: async () => operator })
  const documents = new Map<string, RotationDocument>()
  const add = (more: RotationDocument[]) => {
    for (const each of more) documents.set(each.name, each)
  }
  add(Array.from({ length: DUE }, (_, at) => rotation(`due-${at}`, '1h')))
  let clock = Date.now()
  let calls = 0
  const counted = (table: Table): Table =>
    new Proxy(table, {
      get: (of, name) => {
        const value: unknown = Reflect.get(of, name)
        if (typeof value !== 'function') return value
        return (...args: unknown[]) => {
          calls += 1
          return value.apply(of, args)
        }
      },
    })
  const rotations = createRotations({
    vaults: new Map([...config.vaults].map(([alias, url]) => [alias, azure.vault(url)])),
    gatewayVault: azure.vault(config.gatewayVault),
    secretState: counted(azure.table('secretState')),
    tables: {
      rotations: counted(azure.table('rotations')),
      leases: counted(azure.table('leases')),
      lastUse: counted(azure.table('lastUse')),
    },
    hashValue: async () => 'not journaled here',
    raise: async () => undefined,
    rotatorOf: () => generate as Rotator,
    journal: { record: async () => ({ wid: '', seq: 0, macPrefix: '' }), follow: () => undefined },
    emit: async () => undefined,
    own: async () => ownOf(config, []),
    refreshPolicy: async () => undefined,
    policy: () => ({
      revision: documents.size,
      rotation: (name) => documents.get(name),
      rotations: () => documents.values(),
    }),
    now: () => clock,
    report: () => undefined,
    receive: async () => [],
    aliasOf: () => undefined,
  })
  return {
    add,
    async makeSecrets() {
      const vault = azure.vault(config.vaults.get('main') ?? '')
      for (const { name } of documents.values()) await vault.set(name, { value: new Secret('first') })
    },
    size: () => documents.size,
    /** One tick, two hours after the last one. */
    async tick() {
      clock += 2 * HOUR_MS
      calls = 0
      const started = performance.now()
      const ticked = await rotations.tick()
      return { ...ticked, calls, seconds: (performance.now() - started) / 1_000 }
    },
  }
}

function rotation(name: string, every: string): RotationDocument {
  const parsed = parseDocument({
    ...{ kind: 'rotation', name, secret: `main/${name}`, rotator: 'generate', every, owner: 'bench' },
    verify: { successes: 1, over: '1s' },
    retire: { lookBack: '1m', deadline: '1m' },
  })
  if (!parsed.ok || parsed.document.kind !== 'rotation') throw new Error('not a rotation')
  return parsed.document
}
