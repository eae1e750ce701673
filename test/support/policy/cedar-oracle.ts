import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import type { Question } from '../../../shared/policy/decision.ts'
import { segmentsOf } from './cedar-expressions.ts'
import { cedarPolicies, type OracleStatement, type RoleActions } from './cedar-policies.ts'
import { ZONES } from './vocabulary.ts'

type Json = Parameters<typeof cedar.statefulIsAuthorized>[0]['context']

/** Cedar's answer to the same documents. A forbid that fails counts as DENY; a permit that fails does not match (F7). */
export function createOracle(setId: string, statements: readonly OracleStatement[], roles: RoleActions) {
  const staticPolicies = Object.assign({}, ...statements.map((statement) => cedarPolicies(statement, roles)))
  const parsed = cedar.preparsePolicySet(setId, { staticPolicies })
  if (parsed.type === 'failure') throw new Error(JSON.stringify(parsed.errors))
  const zones = statements.flatMap(({ when }) => when?.time?.zone ?? [])
  const effects = new Map(statements.map(({ id, effect }) => [id, effect]))
  return (question: Question, now: number): 'permit' | 'deny' => {
    const answer = cedar.statefulIsAuthorized({
      principal: { type: 'Caller', id: 'caller' },
      action: { type: 'Action', id: question.action },
      resource: { type: 'Thing', id: 'thing' },
      context: contextOf(question, now, zones),
      preparsedPolicySetId: setId,
      entities: [],
    })
    if (answer.type === 'failure') throw new Error(JSON.stringify(answer.errors))
    const { decision, diagnostics } = answer.response
    const blindForbid = diagnostics.errors.some(
      ({ policyId }) => effects.get(policyId.split('/')[0] ?? '') === 'forbid',
    )
    return decision === 'allow' && !blindForbid ? 'permit' : 'deny'
  }
}

function contextOf(
  { principal, resource, context, breakGlass }: Question,
  now: number,
  zones: readonly string[],
): Json {
  const { kind, tenant, objectId, appId, groups, roles, issuerName, subject, claims } = principal
  const address = strictAddress(context.clientAddress)
  return {
    now,
    breakGlass: breakGlass === true,
    kind,
    issuer: issuerName,
    roles: [...roles],
    subject: segmentsOf(subject, /[/:]/),
    ...(tenant && { tenant }),
    ...(objectId && { objectId }),
    ...(appId && { appId }),
    ...(groups !== 'overage' && { groups: [...groups] }),
    ...(!('scp' in claims) && { isApp: true }),
    filled: filled({ objectId, subject }),
    resource: segmentsOf(resource.startsWith('secret/') ? resource.toLowerCase() : resource, /\//),
    claims: Object.fromEntries(Object.entries(claims).map(([name, value]) => [name, claimRecord(name, value)])),
    clocks: Object.fromEntries(zones.map((zone) => [zone, wallClock(zone, now)])),
    ...(address && { ip: { __extn: { fn: 'ip', arg: address } } }),
    ...(context.purpose && { purpose: context.purpose }),
  }
}

/** What each template would stand for; left out where the value holds a metacharacter. */
function filled(values: Record<string, string | undefined>) {
  const usable = Object.entries(values).filter(([, text]) => text && !/[*/${}]/.test(text))
  return Object.fromEntries(
    usable.map(([name, text = '']) => [name, { plain: text.toLowerCase(), key: `${text.toLowerCase()}-key` }]),
  )
}

function claimRecord(name: string, claim: unknown) {
  if (typeof claim === 'number') return { number: claim }
  if (typeof claim === 'boolean') return { bool: claim }
  const texts = (Array.isArray(claim) ? claim : [claim]).map((text) => String(text))
  const folded = texts.map((text) => segmentsOf(name === 'xms_mirid' ? text.toLowerCase() : text, /\//))
  return { texts: { count: texts.length, ...Object.fromEntries(folded.map((record, at) => [`t${at}`, record])) } }
}

/** Of this vocabulary only these are addresses; the mapped one is IPv4. */
function strictAddress(text: string | undefined): string | undefined {
  if (!text || text === 'localhost' || text === '127.1') return undefined
  return text.replace('::ffff:', '')
}

const SWEDISH = new Map(
  ZONES.map((timeZone) => [
    timeZone as string,
    new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'short', timeZone }),
  ]),
)

/** Another way to the time on the wall than the engine's: Swedes write `2026-10-25 02:30`. */
function wallClock(zone: string, now: number) {
  const [date = '', time = ''] = SWEDISH.get(zone)?.format(now).split(' ') ?? []
  return {
    day: new Date(`${date}T00:00:00Z`).getUTCDay(),
    minute: Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5)),
  }
}
