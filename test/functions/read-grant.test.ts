import { beforeAll, describe, expect, it } from 'vitest'
import type { DecidedEntry } from '../../shared/audit/entry.ts'
import { queryJournal } from '../../shared/audit/query.ts'
import { createAzure } from '../../shared/azure/azure.ts'
import { ACTIONS } from '../../shared/policy/actions.ts'
import type { Received } from '../local/functions-host/support/send-request.ts'
import { badInputHost, CALLER } from '../support/bad-input/host.ts'
import { KNOWN } from '../support/bad-input/recipes.ts'

const { local, send, port } = badInputHost()

/** What says reasons, which the host's check of all answers takes for a leak. */
const SAY_REASONS = ['policy-explanations', 'policy-replays', 'policy-replay', 'policy-probes']

const ASKING = KNOWN.filter(({ recipe, endpoint }) => {
  return recipe.credential === 'bearer' && !SAY_REASONS.includes(endpoint.name)
})
const txnOf = ({ headers }: Received) => String(headers['x-sallyport-txn'])

/** Decided entries by transaction, those of parts (`<txn>.<n>`) with it. */
async function decided(): Promise<Map<string, DecidedEntry[]>> {
  const found = new Map<string, DecidedEntry[]>()
  const table = createAzure(local.config()).table('audit')
  for await (const { entry } of queryJournal({ table, filter: {}, order: 'oldest', now: Date.now() })) {
    if (entry.kind !== 'intent' && entry.kind !== 'denial') continue
    const txn = entry.txn.split('.')[0] ?? ''
    found.set(txn, [...(found.get(txn) ?? []), entry])
  }
  return found
}

describe('a READ grant (T13)', () => {
  const answers = new Map<string, { own: Received; through: Received }>()
  let entries: Map<string, DecidedEntry[]>

  beforeAll(async () => {
    const actions = ['secret:get', 'secret:list', 'secret:metadata']
    const body = JSON.stringify({ actions, resources: ['secret/main/stripe-*'], ttl: '10m' })
    const token = await local.callerToken(CALLER)
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const opened = await fetch(`http://127.0.0.1:${port()}/v1/grants`, { method: 'POST', headers, body })
    expect(opened.status).toBe(201)
    const { credential } = (await opened.json()) as { credential: string }
    for (const operation of ASKING) {
      const own = await send(operation)
      const through = await send(operation, { headers: { authorization: `Bearer ${credential}` } })
      answers.set(operation.title, { own, through })
    }
    entries = await decided()
  }, 120_000)

  const maskOf = (title: string): string[] => {
    const asked = entries.get(txnOf(answers.get(title)?.own as Received)) ?? []
    return asked.map(({ action }) => ACTIONS[action].mask)
  }

  it('403: every operation of every endpoint that is decided on a MUTATE action, although its root may', () => {
    const mutating = ASKING.filter(({ title }) => maskOf(title).includes('MUTATE'))
    expect(mutating.length).toBeGreaterThan(4)
    for (const { title } of mutating) {
      const { through } = answers.get(title) as { through: Received }
      // RFC 7009 §2.2: nobody learns from a revocation what is a token.
      expect([title, through.status]).toEqual([title, title === 'POST /oauth2/revoke' ? 200 : 403])
      const kinds = (entries.get(txnOf(through)) ?? []).map(({ kind }) => kind)
      expect(kinds.filter((kind) => kind !== 'denial')).toEqual([])
    }
  })

  it('200: what is decided on secrets by READ actions alone', () => {
    const reading = ASKING.filter(
      ({ title }) => / \/v1\/secret/.test(title) && maskOf(title).every((mask) => mask === 'READ'),
    )
    expect(reading.length).toBeGreaterThan(3)
    expect(reading.map(({ title }) => answers.get(title)?.through.status)).toEqual(reading.map(() => 200))
  })

  it('leaves no intent of a MUTATE action in the journal', () => {
    const txns = [...answers.values()].map(({ through }) => txnOf(through))
    const intents = txns.flatMap((txn) => entries.get(txn) ?? []).filter(({ kind }) => kind === 'intent')
    expect(intents.length).toBeGreaterThan(3)
    expect(intents.filter(({ action }) => ACTIONS[action].mask === 'MUTATE')).toEqual([])
  })
})
