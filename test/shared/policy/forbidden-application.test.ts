import { expect, it } from 'vitest'
import { decide } from '../../../shared/policy/decide.ts'
import { snapshotOf } from '../../support/policy/snapshot-of.ts'
import { CONTOSO, createDoor, KEY } from '../identity/support/door.ts'
import { APP, entraClaims, HOME, NOON, OID, token, v1 } from '../identity/support/tokens.ts'

const about = { roles: ['reader'], resources: ['secret/main/*'] }
const application = [{ entra: { tenant: HOME, appId: APP } }]
const person = [{ entra: { tenant: HOME, objectId: OID } }]
const role = { kind: 'role', name: 'reader', actions: ['secret:get'] }
const permit = (principals: object[]) => ({ kind: 'statement', id: 'p', effect: 'permit', principals, ...about })
const forbid = { kind: 'statement', id: 'f', effect: 'forbid', principals: application, ...about }

/** Asks for the principal that the identity slice makes of a real token: a user who signed in through the application. */
async function decided(documents: object[], version: 'v1' | 'v2' = 'v2') {
  const issuers = [CONTOSO, { ...CONTOSO, name: 'contoso-v1', issuer: v1(HOME) }]
  const claims = entraClaims({ idtyp: 'user', scp: 'access', sub: 'pairwise' }, version)
  const principal = await createDoor({ issuers }).authenticate(token(claims, KEY))
  const question = { principal, action: 'secret:get', resource: 'secret/main/a', context: {} } as const
  return decide(question, snapshotOf([role, ...documents]), NOON)
}

it.each(['v1', 'v2'] as const)(
  '403 access_denied: a forbid on an application holds for users who come through it (%s, T5)',
  async (version) => {
    expect((await decided([permit(person)], version)).effect).toBe('permit')
    const denied = { effect: 'deny', reason: 'not_evaluable', statementIds: ['f'] }
    expect(await decided([permit(person), forbid], version)).toMatchObject(denied)
  },
)

it('403 access_denied: a permit of an application is none of its users (T5)', async () => {
  expect((await decided([permit(application)])).effect).toBe('deny')
})
