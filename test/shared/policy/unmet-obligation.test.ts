import { describe, expect, it } from 'vitest'
import { ACTION_NAMES, type Action } from '../../../shared/policy/actions.ts'
import { unmetObligation } from '../../../shared/policy/unmet-obligation.ts'
import { principal } from '../../support/principal.ts'

const KEY = 'k'.repeat(43)
const OTHER = 'o'.repeat(43)
const REQUIRED = { requireDpop: true } as const
const BINDING: readonly Action[] = ['token:issue', 'token:issueWrite', 'grant:create']

type Parts = { action: Action; boundTo?: string; dpopThumbprint?: string }

const refusal = ({ action, boundTo, dpopThumbprint }: Parts) =>
  unmetObligation(REQUIRED, {
    action,
    principal: principal(boundTo ? { boundTo } : {}),
    context: dpopThumbprint ? { dpopThumbprint } : {},
  })?.code

describe('requireDpop (RFC 9449)', () => {
  it.each(ACTION_NAMES)('403 dpop_required: %s without a proof, whatever was presented', (action) => {
    expect(refusal({ action })).toBe('dpop_required')
    expect(refusal({ action, boundTo: KEY })).toBe('dpop_required')
  })

  it.each(BINDING)('%s passes with any proved key: what it gives is bound to that', (action) => {
    expect(refusal({ action, dpopThumbprint: KEY })).toBeUndefined()
  })

  it.each(ACTION_NAMES.filter((name) => !BINDING.includes(name)))(
    '403 dpop_required: %s with a bearer token and a key of the sender’s choice; bound ones pass',
    (action) => {
      expect(refusal({ action, dpopThumbprint: KEY })).toBe('dpop_required')
      expect(refusal({ action, dpopThumbprint: KEY, boundTo: OTHER })).toBe('dpop_required')
      expect(refusal({ action, dpopThumbprint: KEY, boundTo: KEY })).toBeUndefined()
    },
  )
})

describe('a permit for emergencies', () => {
  const asked = { principal: principal(), action: 'secret:get' as const }
  const duties = { requireReason: true, requireTicket: true, breakGlass: { skipped: [] } } as const

  it.each([
    ['reason_required', { ticket: 'INC-1' }],
    ['ticket_required', { reason: 'outage' }],
    [undefined, { reason: 'outage', ticket: 'INC-1' }],
  ])('403 %s: with %o', (code, context) => {
    expect(unmetObligation(duties, { ...asked, context })?.code).toBe(code)
  })
})
