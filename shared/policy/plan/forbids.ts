import { canonicalJson } from '../documents/canonical-json.ts'
import { gather } from '../turns.ts'
import { forbidConditionsCover } from './condition-order.ts'
import { type Cover, type Gap, gapsOf } from './gaps.ts'
import { meeting } from './meeting.ts'
import { hasTemplate, resourceCovers } from './pattern-order.ts'
import type { Namesakes } from './permits.ts'
import { type Comparison, isWithin, periodsMeet, type Rule } from './rule.ts'
import { indexOf } from './rule-index.ts'
import { isCertain, selectorCovers } from './selector-order.ts'
import type { Widening } from './widening.ts'

/** Permits of the new set that a forbid of the old one held back and no forbid of the new one does. */
export function liftedForbids({ old, next, turn }: Comparison, after: Namesakes): Promise<Widening[]> {
  return gather(old.forbids, turn, async (forbid) => {
    const gaps = await gapsOf(forbid, { others: next.forbids, turn }, (other) => forbidCover(other, forbid))
    return gather(gaps, turn, (gap) =>
      gather(indexOf(next.permits).meeting(gap.selectors), turn, (permit) =>
        letThrough(gap, { forbid, permit, after }),
      ),
    )
  })
}

/**
 * TRAP: a forbid applies, too, where it cannot tell whom or what it is about, whatever its conditions say; but a wider
 * selector may tell, and then its conditions count. So with conditions only a forbid about the same covers such parts.
 */
function forbidCover(outer: Rule, inner: Rule): Cover | undefined {
  const [{ document: wide }, { document: narrow }] = [outer, inner]
  if (!isWithin(inner, outer) || !forbidConditionsCover(wide.when, narrow.when)) return undefined
  const same = canonicalJson([wide.principals, wide.resources]) === canonicalJson([narrow.principals, narrow.resources])
  const blind = (selector: number, resource: number) => {
    const [whom, what] = [narrow.principals[selector], narrow.resources[resource]]
    return !whom || !isCertain(whom) || !what || hasTemplate(what)
  }
  return {
    selectors: narrow.principals.map((one) => wide.principals.some((other) => selectorCovers(other, one, 'forbid'))),
    resources: narrow.resources.map((one) => wide.resources.some((other) => resourceCovers(other, one))),
    ...(wide.when && !same && { except: blind }),
  }
}

type Lift = { forbid: Rule; permit: Rule; after: Namesakes }

function letThrough(gap: Gap, { forbid, permit, after }: Lift): Widening[] {
  const met = periodsMeet(forbid, permit) && meeting(gap, permit)
  if (!met) return []
  const { id } = forbid.document
  const because = `${fateOf(after.get(id))}, so statement/${permit.document.id} is no longer held back`
  return [{ kind: 'forbid', document: `statement/${id}`, because, ...met }]
}

function fateOf(now: { effect: string; mode: string } | undefined): string {
  if (!now) return 'the forbid is gone'
  if (now.effect !== 'forbid') return 'the forbid has become a permit'
  return now.mode === 'enforce' ? 'the forbid covers less' : 'the forbid is only reported'
}
