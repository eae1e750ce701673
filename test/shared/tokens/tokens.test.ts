import { describe, expect, it } from 'vitest'
import type { Entry, Journal } from '../../../shared/audit/entry.ts'
import { createGate } from '../../../shared/gate.ts'
import type { Target } from '../../../shared/policy/target.ts'
import type { TokenKind } from '../../../shared/tokens/kinds/kind.ts'
import { createTokens, type TokensDeps } from '../../../shared/tokens/tokens.ts'
import { memoryLimits } from '../../support/limits.ts'
import { principal } from '../../support/principal.ts'

const target = (maxTtlSeconds = 3_600): Target => ({
  kind: 'target',
  name: 'ledger',
  access: 'write',
  token: {
    kind: 'jwt',
    audience: 'api://ledger',
    scopes: [],
    algorithm: 'ES256',
    maxTtlSeconds,
    exchangesOwnTokens: [],
  } as never,
  resources: [],
})

/** The real door and planner; the policy set can be changed while the intent is written. */
function rig() {
  let directory: Target | undefined = target()
  let minted = 0
  let meanwhile = () => {}
  const entries: Entry[] = []
  const journal: Journal = {
    record: async (entry) => {
      entries.push(entry)
      meanwhile()
      return { wid: 'w', seq: entries.length, macPrefix: 'm' }
    },
    follow: (entry) => entries.push(entry),
    close: async () => {},
  }
  const decide = () => ({
    effect: 'permit' as const,
    reason: 'permitted',
    statementIds: [],
    reported: [],
    obligations: {},
    revision: 1,
  })
  const gate = createGate({
    decide,
    refreshPolicy: async () => {},
    journal,
    limits: memoryLimits(() => 0),
    now: () => 0,
  })
  const mint = async () => {
    minted++
    return MINTED
  }
  const kind = {
    kind: 'jwt',
    plan: async () => ({ handout: { jti: 'j' }, identifiedBy: 'intent', mint }),
  } as unknown as TokenKind
  const policy = {
    current: () => ({ target: () => directory, targetByResource: () => undefined }),
    refresh: async () => {},
  }
  const rest = { keys: {}, own: {}, issuer: 'https://gw.example' } as unknown as TokensDeps
  const tokens = createTokens({ ...rest, kinds: new Map([['jwt', kind]]), decide, now: () => 0, policy })
  const subject = principal()
  const issue = async () => {
    const wish = { txn: 't', subject, caller: subject, context: {}, target: { name: 'ledger' } }
    return tokens.issue(await gate.admit(await tokens.ask(wish)))
  }
  const change = (to: Target | undefined) => {
    meanwhile = () => {
      directory = to
    }
  }
  return { issue, change, entries, minted: () => minted }
}

const MINTED = {
  token: 'text',
  tokenType: 'Bearer',
  handout: { jti: 'j' },
  blastRadius: { expiresAt: '1970-01-01T01:00:00.000Z', revocable: 'no', scope: '', boundTo: [], issuedAs: 'x' },
}

describe('tokens', () => {
  it('makes a token of the target that was decided on', async () => {
    const { issue, minted } = rig()
    expect(await issue()).toMatchObject({ target: 'ledger', expiresInSeconds: 3_600 })
    expect(minted()).toBe(1)
  })

  it.each([
    ['is deleted', undefined],
    ['is narrowed', target(60)],
  ])('503 policy_unavailable: no token of a target that %s while the intent is written (T11)', async (_what, to) => {
    const { issue, change, entries, minted } = rig()
    change(to)
    await expect(issue()).rejects.toMatchObject({ code: 'policy_unavailable', reason: 'target_changed_meanwhile' })
    expect(minted()).toBe(0)
    expect(entries.at(-1)).toMatchObject({ kind: 'result', outcome: 'failed', reason: 'target_changed_meanwhile' })
  })
})
