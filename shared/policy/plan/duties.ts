import { type Gap, gapsOf } from './gaps.ts'
import { meeting } from './meeting.ts'
import { looserDuties } from './obligation-order.ts'
import { permitCovers, shapeCover } from './permits.ts'
import { periodsMeet, type Rule, type Rules } from './rule.ts'
import type { Widening } from './widening.ts'

/**
 * Where less is asked than before. What holds is the strictest of all permits that apply, so a permit that goes may loosen
 * what others ask: wherever no permit of the new set carries the duties of an old one, each that still permits there, and
 * asks less, is named.
 */
export function looserObligations(old: Rules, next: Rules): Widening[] {
  return old.permits.flatMap((was) => {
    if (Object.keys(was.duties).length === 0) return []
    const gaps = gapsOf(was, next.permits, (rule) => (carries(rule, was) ? shapeCover(rule, was) : undefined))
    return gaps.flatMap((gap) => next.permits.flatMap((rule) => loosened(gap, was, rule)))
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
