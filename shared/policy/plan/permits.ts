import type { StatementDocument } from '../documents/statement.ts'
import { gather, type Turns } from '../turns.ts'
import { looserConditions } from './condition-order.ts'
import { type Cover, type Gap, gapsOf } from './gaps.ts'
import { resourceCovers } from './pattern-order.ts'
import { type Comparison, isWithin, type Rule, type Rules } from './rule.ts'
import { indexOf } from './rule-index.ts'
import { selectorCovers } from './selector-order.ts'
import type { Widening } from './widening.ts'

/** The old statement of a name, whatever its effect and mode: what a reader takes for the same one. */
export type Namesakes = ReadonlyMap<string, StatementDocument>

/** What permits of the new set permit and none of the old one did: sound, since a permit is the sum of its selectors and resources. */
export function widerPermits({ old, next, turn }: Comparison, namesakes: Namesakes): Promise<Widening[]> {
  return gather(next.permits, turn, async (rule) => {
    const gaps = await gapsOf(rule, { others: old.permits, turn }, (other) =>
      permitCovers(other, rule) ? shapeCover(other, rule) : undefined,
    )
    return gather(gaps, turn, (gap) => explain(gap, rule, { old, before: namesakes.get(rule.document.id), turn }))
  })
}

/** Whether the conditions, period and nature of `outer` hold wherever those of `inner` do. */
export function permitCovers(outer: Rule, inner: Rule): boolean {
  return (
    isWithin(inner, outer) &&
    (outer.document.breakGlass === true) === (inner.document.breakGlass === true) &&
    looserConditions(inner.document.when, outer.document.when).length === 0
  )
}

export function shapeCover(outer: Rule, { document: inner }: Rule): Cover {
  const { principals, resources } = outer.document
  return {
    selectors: inner.principals.map((one) => principals.some((other) => selectorCovers(other, one, 'permit'))),
    resources: inner.resources.map((one) => resources.some((other) => resourceCovers(other, one))),
  }
}

type Past = { old: Rules; before: StatementDocument | undefined; turn: Turns }

/** Splits a gap into what was permitted under more conditions, and what was not permitted at all. */
async function explain(gap: Gap, rule: Rule, past: Past): Promise<Widening[]> {
  const part = { ...rule, actions: new Set(gap.actions), key: '', document: partOf(rule, gap) }
  const document = `statement/${rule.document.id}`
  const known = await gather(indexOf(past.old.permits).covering(gap.selectors), past.turn, (other) => {
    if (!gap.actions.every((action) => other.actions.has(action))) return []
    const { selectors, resources } = shapeCover(other, part)
    return [...selectors, ...resources].includes(false) ? [] : [other]
  })
  const closest = known.find((other) => other.document.id === rule.document.id) ?? known[0]
  const whole = { document, principals: gap.selectors, actions: gap.actions, resources: gap.resources }
  if (closest) return [{ kind: kindOf(closest, rule), ...whole, because: looser(closest, rule) }]
  const compared = { others: past.old.permits, turn: past.turn }
  const open = await gapsOf(part, compared, (other) => shapeCover(other, part))
  const because = whyNew(rule, past)
  const fresh = open.map(({ selectors, ...rest }): Widening => {
    return { kind: 'permission', document, because, principals: selectors, ...rest }
  })
  const sameShape = JSON.stringify(open) === JSON.stringify([gap])
  if (sameShape || (open.length > 0 && fresh.length === open.length && covers(open, gap))) return fresh
  return [
    ...fresh,
    { kind: 'condition', ...whole, because: 'other statements permitted it in part, under other conditions' },
  ]
}

const covers = (open: readonly Gap[], gap: Gap) => open.reduce((sum, one) => sum + sizeOf(one), 0) >= sizeOf(gap)

const sizeOf = ({ actions, selectors, resources }: Gap) => actions.length * selectors.length * resources.length

const partOf = ({ document }: Rule, { selectors, resources }: Gap): StatementDocument => ({
  ...document,
  principals: selectors,
  resources,
})

const kindOf = (closest: Rule, rule: Rule) =>
  looserConditions(rule.document.when, closest.document.when).length > 0 || closest.document.breakGlass
    ? 'condition'
    : isWithin(rule, closest)
      ? 'permission'
      : 'period'

function looser(closest: Rule, rule: Rule): string {
  const { document: was } = closest
  const { document: is } = rule
  const where = was.id === is.id ? '' : ` than in statement/${was.id}`
  const found = looserConditions(is.when, was.when).map((name) =>
    is.when?.[name] === undefined ? `\`when.${name}\` is no longer asked` : `\`when.${name}\` lets more through`,
  )
  if (rule.until > closest.until) found.push(`\`expires\` ${was.expires} → ${is.expires ?? 'never'}`)
  if (rule.from < closest.from) found.push(`\`notBefore\` ${was.notBefore} → ${is.notBefore ?? 'at once'}`)
  if (was.breakGlass && !is.breakGlass) found.push('no grant with `breakGlass` is needed for it')
  if (!was.breakGlass && is.breakGlass) found.push('approvals are skipped through a grant with `breakGlass`')
  return `${found.join('; ')}${where}`
}

function whyNew(rule: Rule, { old, before }: Past): string {
  const { document } = rule
  if (!before) return 'the statement is new'
  if (before.effect !== 'permit') return 'the statement was a forbid'
  if (before.mode !== 'enforce') return 'the statement was in report mode'
  const was = indexOf(old.permits).named(document.id)
  if (!was) return 'the statement was over, or its roles held no action'
  const found: string[] = []
  const gained = [...rule.actions].filter((action) => !was.actions.has(action)).sort()
  const roles = document.roles.filter((role) => !before.roles.includes(role))
  if (gained.length > 0 && roles.length > 0) found.push(`it names more roles (${roles.join(', ')})`)
  else if (gained.length > 0) found.push(`its roles (${document.roles.join(', ')}) gained ${gained.join(', ')}`)
  const { selectors, resources } = shapeCover(was, rule)
  if (selectors.includes(false)) found.push('it names more principals')
  if (resources.includes(false)) found.push('it covers more resources')
  return found.join('; ') || 'the statement permits more'
}
