import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { badInputHost } from '../support/bad-input/host.ts'
import { KNOWN, type Known } from '../support/bad-input/recipes.ts'
import { expectRefusal } from '../support/bad-input/refusal.ts'
import { goodBody, type Sent } from '../support/bad-input/sender.ts'

const { send } = badInputHost()

const KEYED = KNOWN.filter(({ method }) => method === 'POST' || method === 'PUT')

const keyed = (operation: Known, key: string, changes: Sent = {}) =>
  send(operation, { ...changes, headers: { 'idempotency-key': key } })

/** What is handed out once is not handed out to a repeat. */
const repeatOf = ({ recipe }: Known, first: number | null) => recipe.repeat ?? first

/** Other bytes that ask for the same. */
const reworded = (operation: Known) =>
  operation.recipe.body?.kind === 'form' ? `${goodBody(operation)}&unknown=1` : `${goodBody(operation)} `

it('finds the operations it is about', () => {
  expect(KEYED.length).toBeGreaterThanOrEqual(6)
})

describe.each(KEYED)('Idempotency-Key on $title (T42)', (operation) => {
  const { dialect } = operation.endpoint

  it('the same status for a repeat; 422 idempotency_mismatch for another body', async () => {
    const key = randomUUID()
    const pieces = new Map<string, string>()
    const first = await keyed(operation, key, { pieces })
    expect([200, 201, 202, 204], first.body).toContain(first.status)
    const repeat = await keyed(operation, key, { pieces })
    expect(repeat.status, repeat.body).toBe(repeatOf(operation, first.status))
    if (operation.recipe.bodiless) return
    const other = await keyed(operation, key, { pieces, body: reworded(operation) })
    expectRefusal(other, 'idempotency_mismatch', dialect)
  })

  it.each(['k'.repeat(129), 'k\u00e9', 'a\tb', ''])('400 invalid_request: the key %j', async (key) => {
    expectRefusal(await keyed(operation, key), 'invalid_request', dialect)
  })
})
