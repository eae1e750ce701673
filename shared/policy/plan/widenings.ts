import { canonicalJson } from '../documents/canonical-json.ts'
import { documentId, type PolicyDocument } from '../documents/document.ts'
import { createTurns } from '../turns.ts'
import { looserObligations } from './duties.ts'
import { liftedForbids } from './forbids.ts'
import { widerPermits } from './permits.ts'
import { rulesOf } from './rule.ts'
import { changedFields, newTrust, of, widerTargets } from './trust.ts'
import { EVERYBODY, type Widening } from './widening.ts'

/**
 * What the new set grants at `now` (milliseconds) or later that the old one did not. Sound: whatever question of whatever
 * caller the new set answers better, something here says so; where that cannot be told from the documents, it is said, too.
 * In slices: a large set keeps no request waiting.
 */
export async function wideningsOf(
  old: readonly PolicyDocument[],
  next: readonly PolicyDocument[],
  now: number,
): Promise<Widening[]> {
  const turn = createTurns()
  const before = await rulesOf(old, { now, turn })
  const after = await rulesOf(next, { now, turn })
  const both = { old: before, next: after, turn }
  return [
    ...newTrust(old, next),
    ...(await widerPermits(both, byId(old))),
    ...(await liftedForbids(both, byId(next))),
    ...(await looserObligations(both)),
    ...widerTargets(old, next, after),
    ...newActors(old, next),
  ]
}

const byId = (documents: readonly PolicyDocument[]) => new Map(of(documents, 'statement').map((one) => [one.id, one]))

/** Kinds that are told above, or that give nobody anything: they describe, or only ask. */
const OTHERWISE: ReadonlySet<string> = new Set(['issuer', 'role', 'statement', 'target', 'secretRule', 'probe'])

/**
 * What acts by itself: a rotation makes a new secret and may send it somewhere. A kind that nobody thought of here is one of
 * these, so that it is told rather than missed.
 */
function newActors(old: readonly PolicyDocument[], next: readonly PolicyDocument[]): Widening[] {
  const nameOf = (one: PolicyDocument) => `${one.kind}/${documentId(one)}`
  const before = new Map(old.map((one) => [nameOf(one), one]))
  return next.flatMap((one): Widening[] => {
    const was = before.get(nameOf(one))
    if (OTHERWISE.has(one.kind) || (was && canonicalJson(was) === canonicalJson(one))) return []
    const changed = was ? `${changedFields(was, one).join(', ')} changed` : `the ${one.kind} is new`
    const kind = one.kind === 'rotation' ? 'rotation' : 'other'
    const [actions, resources] = kind === 'rotation' ? [['rotation:run' as const], [nameOf(one)]] : [[], []]
    return [{ kind, document: nameOf(one), because: changed, principals: EVERYBODY, actions, resources }]
  })
}
