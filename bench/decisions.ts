import { decide } from '../shared/policy/decide.ts'
import type { Question } from '../shared/policy/decision.ts'
import { parsePolicySet } from '../shared/policy/documents/policy-set.ts'
import { createSnapshotBuilder, rolesFirst, type Snapshot } from '../shared/policy/snapshot.ts'
import { principal } from '../test/support/principal.ts'
import { type Benchmark, median, round, spreadOf } from './figure.ts'

const TENANT = '11111111-1111-4111-8111-111111111111'
const SMALL = 100
const LARGE = 100_000
const ROUNDS = 9
const DECISIONS = 4_000
const MAX_P50_MICROSECONDS = 20
const MAX_RATIO = 1.5

/** B4: what a decision costs when the set is large because of other principals. */
export const decisions: Benchmark = {
  id: 'B4',
  what: `decide with ${SMALL} and ${LARGE} statements in the set`,
  run: async (say) => {
    const [small, large] = [snapshot(SMALL), snapshot(LARGE)]
    for (const set of [small, large]) timings(set, DECISIONS)
    const rounds = Array.from({ length: ROUNDS }, () => ({ small: p50(small), large: p50(large) }))
    for (const { small: one, large: other } of rounds) say(`${round(one, 2)} µs, ${round(other, 2)} µs`)
    const ratios = rounds.map((pair) => pair.large / pair.small)
    const atLarge = median(rounds.map((pair) => pair.large))
    const [low, high] = spreadOf(ratios)
    return {
      what: `p50 of a decision at ${LARGE} statements ÷ at ${SMALL}`,
      value: round(median(ratios), 2),
      unit: '×',
      goal: `≤ ${MAX_RATIO} ×, and ≤ ${MAX_P50_MICROSECONDS} µs p50 at ${LARGE}`,
      met: median(ratios) <= MAX_RATIO && atLarge <= MAX_P50_MICROSECONDS,
      spread: [round(low, 2), round(high, 2)],
      baseline: `the same questions on ${SMALL} statements`,
      notes: { [`p50 at ${LARGE} (µs)`]: round(atLarge, 2) },
    }
  },
}

const objectId = (index: number) => `b0000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`

/** Ten statements for each caller, some of them forbids, as a set grows in practice: by callers. */
function snapshot(statements: number): Snapshot {
  const role = { kind: 'role', name: 'reader', actions: ['secret:get', 'secret:list'] }
  const documents = Array.from({ length: statements }, (_, index) => ({
    kind: 'statement',
    id: `s${index}`,
    effect: index % 10 === 9 ? 'forbid' : 'permit',
    mode: 'enforce',
    principals: [{ entra: { tenant: TENANT, objectId: objectId(Math.floor(index / 10)) } }],
    roles: ['reader'],
    resources: [index % 10 === 9 ? 'secret/main/root-*' : `secret/main/app${index % 10}-*`],
    owner: 'team-bench',
  }))
  const parsed = parsePolicySet([role, ...documents])
  if (!parsed.ok) throw new Error(`the generated set is not valid: ${JSON.stringify(parsed.faults[0])}`)
  const builder = createSnapshotBuilder()
  for (const { document } of rolesFirst(parsed.documents)) builder.add(document)
  return builder.build({ revision: 1, loadedAt: 0 })
}

/** Callers that exist in both sets; permits and denials by turns. */
function question(index: number): Question {
  const caller = principal({ tenant: TENANT, objectId: objectId(index % 10) })
  return { principal: caller, action: 'secret:get', resource: `secret/main/app${index % 20}-key`, context: {} }
}

const QUESTIONS = Array.from({ length: 200 }, (_, index) => question(index))

function timings(set: Snapshot, count: number): number[] {
  return Array.from({ length: count }, (_, index) => {
    const asked = QUESTIONS[index % QUESTIONS.length] as Question
    const started = performance.now()
    decide(asked, set, 1)
    return (performance.now() - started) * 1_000
  })
}

const p50 = (set: Snapshot) => median(timings(set, DECISIONS))
