import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { oauthToken } from '../../functions/oauth-token.ts'
import { tokens } from '../../functions/tokens.ts'
import { whoami } from '../../functions/whoami.ts'
import { createKeyStore } from '../../local/servers/identity/keys.ts'
import type { DecidedEntry } from '../../shared/audit/entry.ts'
import { hashToken } from '../../shared/audit/token-hash.ts'
import { TOKEN_EXCHANGE } from '../../shared/tokens/exchange-request.ts'
import { TOKEN_TYPE } from '../support/exchange.ts'
import { federationKey, googleNames } from '../support/google.ts'
import { googleIdToken } from '../support/google-id-token.ts'
import { JWT_BEARER } from '../support/oauth.ts'
import { rig } from '../support/rig.ts'
import { secretGateway, statement } from '../support/secret-gateway.ts'
import { type Caller, directory } from '../support/tenant.ts'

const local = rig()
const google = googleNames(local)
const clientId = randomUUID()
const authority = local.identityControl.of(clientId)
/** Google's own keys, for ID tokens that Google would not issue. */
const googleKeys = createKeyStore(join(local.stateDir, 'clouds', 'keys'))
const ARM = 'https://management.azure.com'
const EXCHANGE = 'api://AzureADTokenExchange'
const ACCOUNT = { subject: '100000000000000000801', email: google.serviceAccount }
const OTHER = { subject: '100000000000000000802', email: `other@${google.pool}.iam.gserviceaccount.com` }
const NAMES = ['passing', 'by-subject', 'stored', 'ledger-api', 'other-app']

let on: Awaited<ReturnType<typeof secretGateway>>
let key: Awaited<ReturnType<typeof federationKey>>
let good: string

const target = (name: string, by: object, application = clientId) => ({
  ...{ kind: 'target', name, access: 'read' },
  token: { kind: 'entra-from-google', tenant: directory.tenant, clientId: application, resource: ARM, google: by },
})

beforeAll(async () => {
  key = await federationKey()
  const account = (email: string, uniqueId: string) => ({ email, uniqueId, impersonators: [google.subject('test')] })
  await local.addClouds({
    providers: [
      {
        ...{ project: '123456789012', pool: google.pool, provider: 'gateway' },
        ...{ issuer: local.config().issuer, jwks: key.jwks },
      },
    ],
    serviceAccounts: [account(ACCOUNT.email, ACCOUNT.subject), account(OTHER.email, OTHER.subject)],
  })
  const trust = { name: 'google', issuer: 'https://accounts.google.com', subject: ACCOUNT.subject }
  const app = { name: 'arm', appId: clientId, objectId: randomUUID(), federatedCredentials: [trust] }
  await local.identityControl.register(app, randomUUID())
  const resources = NAMES.map((name) => `token/${name}`)
  on = await secretGateway(local, [
    target('passing', { passed: ACCOUNT }),
    target('by-subject', { passed: { subject: ACCOUNT.subject } }),
    target('stored', { credential: 'nothing' }),
    target('other-app', { passed: { subject: OTHER.subject } }),
    statement('passes', 'analytics-app', ['token-reader', 'token-writer'], resources),
  ])
  good = await ofGoogle()
})
beforeEach(() => authority.clear())
afterAll(() => on.gateway.close())

const seconds = () => Math.floor(Date.now() / 1_000)

const ofGoogle = ({ email = ACCOUNT.email, audience = EXCHANGE } = {}) =>
  googleIdToken(local, { federation: key.federation, provider: google.provider, target: 'test', email, audience })

/** Signed with Google's key, whatever it says. */
const forged = (changes: Record<string, unknown> = {}, header: object = {}) => {
  const iat = seconds()
  const claims = { iss: 'https://accounts.google.com', aud: EXCHANGE, azp: ACCOUNT.subject, sub: ACCOUNT.subject }
  const named = { email: ACCOUNT.email, email_verified: true, iat, exp: iat + 3_600 }
  return googleKeys.sign('google', { claims: { ...claims, ...named, ...changes }, ...header })
}

type Pass = { form?: Record<string, string>; caller?: Caller | undefined; headers?: Record<string, string> }

async function pass(token: string, { form = {}, headers = {}, ...options }: Pass = {}) {
  const caller = 'caller' in options ? options.caller : 'analytics-app'
  const type = `${TOKEN_TYPE}:id_token`
  const sent = {
    grant_type: TOKEN_EXCHANGE,
    subject_token: token,
    subject_token_type: type,
    audience: 'passing',
    ...form,
  }
  return on.call(oauthToken, caller, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(sent).toString(),
  })
}

const entriesOf = async (answer: Awaited<ReturnType<typeof pass>>) => {
  const txn = answer.headers?.['X-Sallyport-Txn']
  return (await on.journal()).filter((entry): entry is DecidedEntry => 'txn' in entry && entry.txn === txn)
}

describe('a Google ID token passed as subject_token (S12)', () => {
  it('200: it becomes an Entra token; the caller is the subject, and the journal has the passed token’s hash alone', async () => {
    const answer = await pass(good)
    expect(answer).toMatchObject({
      status: 200,
      json: { token_type: 'Bearer', issued_token_type: `${TOKEN_TYPE}:access_token`, source: 'identity_provider' },
    })
    const { access_token: token } = answer.json as { access_token: string }
    expect(decodeJwt(token)).toMatchObject({ appid: clientId, aud: ARM })
    expect((await authority.counts())['token']).toBe(1)
    const [intent, result] = await entriesOf(answer)
    const caller = `entra:${directory.tenant}:${directory.app('analytics-app').objectId}`
    expect(intent).toMatchObject({
      ...{ kind: 'intent', action: 'token:issue', resource: 'token/passing', principal: { id: caller } },
      handout: { reference: `entra:${directory.tenant}:app:${clientId}`, passedHash: hashToken(good) },
    })
    expect(intent?.actor).toBeUndefined()
    expect(result).toMatchObject({ kind: 'result', handout: { tokenHash: hashToken(token) } })
    expect(JSON.stringify([await on.journal(), on.lines])).not.toContain(good.split('.')[2])
  })

  it('200: passed again (it is not once-only), as a jwt, by a client assertion, for a target that names the subject alone', async () => {
    const now = seconds()
    const issuer = `https://login.microsoftonline.com/${directory.tenant}/v2.0`
    const { appId, objectId } = directory.app('analytics-app')
    const who = {
      iss: issuer,
      ver: '2.0',
      tid: directory.tenant,
      oid: objectId,
      sub: objectId,
      azp: appId,
      idtyp: 'app',
    }
    const claims = { ...who, aud: local.config().issuer, iat: now, exp: now + 60, jti: randomUUID() }
    const client_assertion = await local.mint(claims)
    const form = { subject_token_type: `${TOKEN_TYPE}:jwt`, audience: 'by-subject' }
    expect((await pass(good, { form })).status).toBe(200)
    const asserted = { ...form, client_assertion, client_assertion_type: JWT_BEARER }
    expect(await pass(good, { caller: undefined, form: asserted })).toMatchObject({ status: 200 })
  })

  it.each<[string, () => Promise<string>, string?]>([
    ['expired', () => forged({ iat: seconds() - 3_000, exp: seconds() - 61 }), 'passed_token_expired'],
    ['not yet valid', () => forged({ iat: seconds() + 300 }), 'passed_token_not_yet_valid'],
    ['longer than an hour', () => forged({ exp: seconds() + 7_200 }), 'passed_lifetime_too_long'],
    ['of another account', () => ofGoogle({ email: OTHER.email }), 'passed_subject_differs'],
    ['of the account under another email', () => forged({ email: OTHER.email }), 'passed_email_differs'],
    ['with an email that Google has not verified', () => forged({ email_verified: false }), 'passed_email_differs'],
    ['without an email', () => forged({ email: undefined }), 'passed_email_differs'],
    ['of a person’s login', () => forged({ nonce: 'x' }), 'passed_id_token'],
    ['with a key that Google does not publish', () => forged({}, { key: 'unpublished' }), 'passed_kid_unknown'],
    ['under another algorithm', () => forged({}, { alg: 'ES256' }), 'passed_alg_not_allowed'],
    ['of our own kind', () => forged({}, { header: { typ: 'at+jwt' } }), 'passed_typ_not_allowed'],
    [
      'byte-altered',
      async () => `${good.slice(0, -6)}${good.at(-6) === 'A' ? 'B' : 'A'}${good.slice(-5)}`,
      'passed_signature_invalid',
    ],
    [
      'signed by another trusted issuer',
      () => local.mint(decodeJwt(good) as Record<string, unknown>),
      'passed_kid_unknown',
    ],
    ['for another audience', () => ofGoogle({ audience: 'api://other' })],
    ['for this gateway', () => ofGoogle({ audience: 'api://sallyport' })],
    ['for this gateway’s issuer', () => ofGoogle({ audience: local.config().issuer })],
    ['for several', () => forged({ aud: [EXCHANGE] })],
    ['of another issuer', () => local.issuer('other').mint({ ...decodeJwt(good), iss: local.issuer('other').issuer })],
    ['under the issuer’s other spelling', () => forged({ iss: 'accounts.google.com' })],
    ['that is none', async () => 'a.b.c'],
  ])('400 invalid_request: %s; Entra is not asked', async (_, make, refusal) => {
    const answer = await pass(await make())
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
    expect(await authority.counts()).toEqual({})
    // What does not even say that it is for Entra was no subject either: nobody was asked to decide.
    expect(await entriesOf(answer)).toMatchObject(refusal ? [{ kind: 'denial', refusal }] : [])
  })

  it('400 invalid_request: another target does not take it, whatever its kind, and the denial says why', async () => {
    for (const audience of ['stored', 'ledger-api']) {
      const answer = await pass(good, { form: { audience } })
      expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
      expect(await entriesOf(answer)).toMatchObject([{ kind: 'denial', refusal: 'passed_token_not_taken' }])
    }
    const [denial] = await entriesOf(await pass(good, { form: { audience: 'other-app' } }))
    expect(denial).toMatchObject({ kind: 'denial', refusal: 'passed_subject_differs' })
    expect(await authority.counts()).toEqual({})
  })

  it('400 invalid_request: as an access token, with an actor token, or under a target that was passed nothing', async () => {
    const actor = { actor_token: await local.callerToken('analytics-app'), actor_token_type: `${TOKEN_TYPE}:jwt` }
    const forms = [{ subject_token_type: `${TOKEN_TYPE}:access_token` }, actor]
    for (const form of forms)
      expect(await pass(good, { form })).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
    const own = { subject_token_type: `${TOKEN_TYPE}:access_token` }
    expect(await pass(await local.callerToken('analytics-app'), { form: own })).toMatchObject({
      ...{ status: 400, json: { error: 'invalid_request' } },
    })
    const native = await on.call(tokens, 'analytics-app', { method: 'POST', body: { target: 'passing' } })
    expect(native).toMatchObject({ status: 400, json: { code: 'invalid_request' } })
  })

  it('it authenticates nobody: not alone, not as bearer, not as client assertion, not as actor', async () => {
    expect(await pass(good, { caller: undefined })).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
    const headers = { authorization: `Bearer ${good}` }
    expect(await pass(good, { caller: undefined, headers })).toMatchObject({ status: 401 })
    expect(await on.call(whoami, undefined, { headers })).toMatchObject({ status: 401 })
    const assertion = { client_assertion: good, client_assertion_type: JWT_BEARER }
    expect(await pass(good, { caller: undefined, form: assertion })).toMatchObject({
      ...{ status: 401, json: { error: 'invalid_client' } },
    })
    const subject_token = await local.callerToken('analytics-app')
    const form = { subject_token, actor_token: good, actor_token_type: `${TOKEN_TYPE}:id_token` }
    expect(await pass(good, { form })).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
  })

  it('400 invalid_target: without permission a target that takes one, one that does not and none are the same (T20)', async () => {
    const answers = await Promise.all(
      ['passing', 'stored', 'nothing-here'].map((audience) => pass(good, { caller: 'stranger', form: { audience } })),
    )
    for (const { status, json } of answers) {
      expect({ status, ...(json as object) }).toEqual({ ...(answers[0]?.json as object), status: 400 })
      expect(json).toMatchObject({ error: 'invalid_target' })
    }
  })
})
