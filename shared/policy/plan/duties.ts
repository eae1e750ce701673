import { gather } from '../turns.ts'
import { type Gap, gapsOf } from './gaps.ts'
import { meeting } from './meeting.ts'
import { looserDuties } from './obligation-order.ts'
import { permitCovers, shapeCover } from './permits.ts'
import { type Comparison, periodsMeet, type Rule } from './rule.ts'
import { indexOf } from './rule-index.ts'
import type { Widening } from './widening.ts'

/**
 * Where less is asked than before. What holds is the strictest of all permits that apply, so a permit that goes may loosen
 * what others ask: wherever no permit of the new set carries the duties of an old one, each that still permits there, and
 * asks less, is named.
 */
export function looserObligations({ old, next, turn }: Comparison): Promise<Widening[]> {
  return gather(old.permits, turn, async (was) => {
    if (Object.keys(was.duties).length === 0) return []
    const compared = { others: next.permits, turn }
    const gaps = await gapsOf(was, compared, (rule) => (carries(rule, was) ? shapeCover(rule, was) : undefined))
    return gather(gaps, turn, (gap) =>
      gather(indexOf(next.permits).meeting(gap.selectors), turn, (rule) => loosened(gap, was, rule)),
    )
  })
}

const carries = (rule: Rule, was: Rule) => permitCovers(rule, was) && looserDuties(rule.duties, was.duties).length === 0

function loosened(gap: Gap, was: Rule, rule: Rule): Widening[] {
  const looser = looserDuties(rule.duties, was.duties)
  if (looser.length === 0 || !periodsMeet(was, rule)) return []
  const met = meeting(gap, rule)
  if (!met) return []
  const same = was.document.id === rule.document.id
  const because = `${looser.join('; ')}${same ? '' : `, where statement/${was.document.id} asked for it`}`
  return [{ kind: 'obligation', document: `statement/${rule.document.id}`, because, ...met }]
}
