import { describe, expect, it } from 'vitest'
import type { Action } from '../../shared/policy/actions.ts'
import { decide } from '../../shared/policy/decide.ts'
import { loadDocuments } from '../../shared/policy/load-documents.ts'
import { snapshotOf } from '../support/policy/snapshot-of.ts'
import { principal } from '../support/principal.ts'
import { type Caller, directory } from '../support/tenant.ts'

const snapshot = snapshotOf(await loadDocuments(new URL('../../local/seed/policies/', import.meta.url).pathname))

function may(caller: Caller, action: Action, resource: string): boolean {
  const { appId, objectId } = directory.app(caller)
  const { tenant } = directory
  const who = principal({ id: `entra:${tenant}:${objectId}`, tenant, appId, objectId, subject: objectId })
  return decide({ principal: who, action, resource, context: {} }, snapshot, 0).effect === 'permit'
}

const STRIPE = 'secret/main/stripe-api-key'
const ORDERS = 'secret/main/orders-db-password'

/** The table of api.md, "Local run". */
const MAY: [Caller, Action, string][] = [
  ['billing-app', 'secret:get', STRIPE],
  ['billing-app', 'secret:list', 'secret/main/stripe-webhook-secret'],
  ['billing-app', 'secret:metadata', STRIPE],
  ['billing-app', 'grant:create', STRIPE],
  ['billing-app', 'grant:delegate', STRIPE],
  ['billing-app', 'token:issueWrite', 'token/ledger-api'],
  ['orders-app', 'secret:get', ORDERS],
  ['orders-app', 'secret:list', 'secret/main/smtp-password'],
  ['reports-app', 'token:issue', 'token/reports-blob'],
  ['analytics-app', 'token:issue', 'token/bigquery'],
  ['analytics-app', 'token:issue', 'token/arm-reader'],
  ['ledger-api', 'token:introspect', 'token/ledger-api'],
  ['deploy-app', 'secret:set', ORDERS],
  ['deploy-app', 'secret:disable', STRIPE],
  ['deploy-app', 'secret:restore', STRIPE],
  ['deploy-app', 'secret:metadata', STRIPE],
  ['logic-app', 'secret:get', STRIPE],
  ['logic-app', 'handle:create', STRIPE],
  ['logic-app', 'rotation:read', 'rotation/orders-db-password'],
  ['logic-app', 'rotation:run', 'rotation/orders-db-password'],
  ['logic-app', 'subscription:write', 'subscription'],
  ['security-officer', 'audit:read', 'audit'],
  ['security-officer', 'policy:read', 'policy'],
  ['security-officer', 'policy:explain', 'policy'],
  ['security-officer', 'grant:read', 'grant/abc'],
  ['security-officer', 'grant:revoke', 'grant/abc'],
  ['security-officer', 'rotation:read', 'rotation/any'],
  ['platform-engineer', 'policy:write', 'policy'],
  ['platform-engineer', 'rotation:abort', 'rotation/any'],
  ['approver', 'grant:approve', 'grant/abc'],
  ['approver', 'policy:approve', 'policy'],
]

const MAY_NOT: [Caller, Action, string][] = [
  ['billing-app', 'secret:get', ORDERS],
  ['billing-app', 'secret:set', STRIPE],
  ['orders-app', 'secret:get', STRIPE],
  ['orders-app', 'secret:metadata', ORDERS],
  ['reports-app', 'token:issue', 'token/ledger-api'],
  ['reports-app', 'token:issueWrite', 'token/ledger-api'],
  ['deploy-app', 'secret:get', STRIPE],
  ['logic-app', 'secret:get', 'secret/main/stripe-webhook-secret'],
  ['security-officer', 'secret:get', STRIPE],
  ['security-officer', 'policy:write', 'policy'],
  ['platform-engineer', 'policy:approve', 'policy'],
  ['platform-engineer', 'secret:get', STRIPE],
  ['approver', 'policy:write', 'policy'],
  ['stranger', 'secret:get', STRIPE],
  ['stranger', 'secret:list', STRIPE],
  ['operator', 'secret:get', STRIPE],
]

describe('policies of the seeded callers', () => {
  it.each(MAY)('%s may %s on %s', (...asked) => {
    expect(may(...asked)).toBe(true)
  })

  it.each(MAY_NOT)('%s may not %s on %s', (...asked) => {
    expect(may(...asked)).toBe(false)
  })

  it('trust the local tenant, v1 and v2, and nobody else', () => {
    for (const iss of [
      `https://login.microsoftonline.com/${directory.tenant}/v2.0`,
      `https://sts.windows.net/${directory.tenant}/`,
    ]) {
      expect(snapshot.issuerOf(iss)?.principal).toBe('entra')
    }
    expect(snapshot.issuerOf(`https://sts.windows.net/${directory.tenant}`)).toBeUndefined()
  })

  it('let ledger-api be named by its resource', () => {
    expect(snapshot.targetByResource('https://ledger.contoso.example/')).toMatchObject({
      name: 'ledger-api',
      access: 'write',
    })
  })
})
