import { generateKeyPairSync } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  checkProof,
  type PROOF_FAULTS,
  type ProvedRequest,
} from '../../../../shared/identity/possession/check-proof.ts'
import { athOf, type ProofKey, proofKey, proofKeyOf, proofOf, signProof } from '../../../support/dpop.ts'

const NOW = Date.UTC(2026, 10, 25, 12)
const SECONDS = NOW / 1_000
const URI = 'https://gateway.test/v1/tokens'
const TOKEN = 'a.b.c'

let key: ProofKey
let other: ProofKey
let rsa: ProofKey

beforeAll(async () => {
  ;[key, other, rsa] = await Promise.all([proofKey(), proofKey(), proofKey('RS256')])
})

const good = (changes: object = {}) => ({ htm: 'POST', htu: URI, iat: SECONDS, ath: athOf(TOKEN), ...changes })
const request = (changes: Partial<ProvedRequest> = {}): ProvedRequest => ({
  ...{ method: 'POST', uri: URI, token: TOKEN, tokenHash: 'required' },
  ...changes,
})
const check = async (proof: string, changes: Partial<ProvedRequest> = {}, now = NOW) => {
  const outcome = await checkProof(proof, request(changes), now)
  return 'fault' in outcome ? outcome.fault : outcome.thumbprint
}

describe('a proof of RFC 9449 §4.2', () => {
  it.each(['ES256', 'RS256', 'PS256', 'EdDSA'] as const)('proves the key of its header: %s', async (alg) => {
    const one = await proofKey(alg)
    expect(await check(proofOf(one, good()))).toBe(one.thumbprint)
  })

  it('says by which jti and time it is known', async () => {
    const outcome = await checkProof(proofOf(key, good({ jti: 'j-1' })), request(), NOW)
    expect(outcome).toEqual({ thumbprint: key.thumbprint, jti: 'j-1', issuedAt: NOW })
  })

  it('may say more than it must: further claims, a kid, members of the key that identify nothing', async () => {
    const header = { kid: 'mine', jwk: { ...key.jwk, kid: 'mine', use: 'sig', alg: 'ES256', key_ops: ['verify'] } }
    expect(await check(proofOf(key, good({ nonce: 'n', exp: SECONDS - 9 }), header))).toBe(key.thumbprint)
  })
})

type Proof = () => string | Promise<string>

/** What §4.3 refuses, by the number of its check. */
const BAD: [check: string, name: string, fault: keyof typeof PROOF_FAULTS, proof: Proof][] = [
  ['1', 'two headers', 'proof_several', () => `${proofOf(key, good())},${proofOf(key, good())}`],
  ['1', 'two headers with a blank', 'proof_several', () => `${proofOf(key, good())}, ${proofOf(key, good())}`],
  ['2', 'nothing', 'proof_malformed', () => ''],
  ['2', 'text', 'proof_malformed', () => 'proof'],
  ['2', 'two parts', 'proof_malformed', () => proofOf(key, good()).split('.').slice(0, 2).join('.')],
  ['2', 'padding', 'proof_malformed', () => `${proofOf(key, good())}=`],
  ['2', 'a trailing blank', 'proof_malformed', () => `${proofOf(key, good())} `],
  ['2', 'claims that are a list', 'proof_malformed', () => signProof(key, head(), '[]')],
  ['2', 'a claim twice', 'proof_malformed', () => signProof(key, head(), '{"jti":"a","jti":"b"}')],
  ['2', 'a member of the header twice', 'proof_malformed', () => signProof(key, '{"typ":"a","typ":"b"}', good())],
  ['2', '17 KiB', 'proof_malformed', () => proofOf(key, good({ more: 'x'.repeat(17 * 1_024) }))],
  ...['jti', 'htm', 'htu', 'iat'].map((name): (typeof BAD)[number] => [
    ...(['3', `no ${name}`, 'proof_claims'] as const),
    () => proofOf(key, good({ [name]: undefined })),
  ]),
  ['3', 'an empty jti', 'proof_claims', () => proofOf(key, good({ jti: '' }))],
  ['3', 'a jti of 256 characters', 'proof_claims', () => proofOf(key, good({ jti: 'j'.repeat(256) }))],
  ['3', 'a jti that is a number', 'proof_claims', () => proofOf(key, good({ jti: 1 }))],
  ['3', 'an iat that is text', 'proof_claims', () => proofOf(key, good({ iat: String(SECONDS) }))],
  ['3', 'an iat that is infinite', 'proof_claims', () => signProof(key, head(), infinite())],
  ['3', 'an htm that is a list', 'proof_claims', () => proofOf(key, good({ htm: ['POST'] }))],
  ['4', 'no typ', 'proof_typ', () => proofOf(key, good(), { typ: undefined })],
  ['4', 'typ JWT', 'proof_typ', () => proofOf(key, good(), { typ: 'JWT' })],
  ['4', 'typ at+jwt', 'proof_typ', () => proofOf(key, good(), { typ: 'at+jwt' })],
  ...['none', 'HS256', 'ES256K', 'RS1', 'es256', ''].map((alg): (typeof BAD)[number] => [
    ...(['5', `alg ${alg}`, 'proof_alg'] as const),
    () => proofOf(key, good(), { alg }),
  ]),
  ['5', 'no alg', 'proof_alg', () => proofOf(key, good(), { alg: undefined })],
  ['5', 'an alg of another kind of key', 'proof_key', () => proofOf(key, good(), { alg: 'RS256' })],
  [
    '5',
    'an alg other than the key says',
    'proof_key',
    () => proofOf(rsa, good(), { jwk: { ...rsa.jwk, alg: 'PS256' } }),
  ],
  ['6', 'the signature of another key', 'proof_signature', () => proofOf(key, good(), { jwk: other.jwk })],
  ['6', 'other claims than were signed', 'proof_signature', () => swap(proofOf(key, good()), proofOf(key, good()))],
  ['7', 'a private key', 'proof_private_key', () => proofOf(key, good(), { jwk: privatePart(key) })],
  ['7', 'a private RSA key', 'proof_private_key', () => proofOf(rsa, good(), { jwk: privatePart(rsa) })],
  [
    '7',
    'an RSA key with its primes',
    'proof_private_key',
    () => proofOf(rsa, good(), { jwk: { ...rsa.jwk, p: 'AA' } }),
  ],
  ['7', 'a symmetric key', 'proof_private_key', () => proofOf(key, good(), { jwk: { kty: 'oct', k: 'AAAA' } })],
  ['7', 'no key', 'proof_key', () => proofOf(key, good(), { jwk: undefined })],
  ['7', 'a key that is text', 'proof_key', () => proofOf(key, good(), { jwk: 'key' })],
  [
    '7',
    'a point that is not on the curve',
    'proof_key',
    () => proofOf(key, good(), { jwk: { ...key.jwk, x: key.jwk.y } }),
  ],
  ['7', 'a key of another curve', 'proof_key', () => proofOf(key, good(), { jwk: { ...key.jwk, crv: 'P-384' } })],
  ['7', 'a key for encryption', 'proof_key', () => proofOf(key, good(), { jwk: { ...key.jwk, use: 'enc' } })],
  ['7', 'an RSA key of 1,024 bits', 'proof_key', async () => proofOf(await weak({ modulusLength: 1_024 }), good())],
  ['7', 'an RSA key with e = 3', 'proof_key', async () => proofOf(await weak({ publicExponent: 3 }), good())],
  ['7', 'an RSA key with e = 1', 'proof_key', () => proofOf(rsa, good(), { jwk: { ...rsa.jwk, e: 'AQ' } })],
  ...['jku', 'x5u', 'x5c', 'crit', 'b64', 'zip'].map((name): (typeof BAD)[number] => [
    ...(['2', `a header with ${name}`, 'proof_extension'] as const),
    () => proofOf(key, good(), { [name]: 'https://evil.test/' }),
  ]),
  ['8', 'another method', 'proof_method', () => proofOf(key, good({ htm: 'GET' }))],
  ['8', 'the method in lower case', 'proof_method', () => proofOf(key, good({ htm: 'post' }))],
  ['9', 'another host', 'proof_uri', () => proofOf(key, good({ htu: 'https://evil.test/v1/tokens' }))],
  ['9', 'another path', 'proof_uri', () => proofOf(key, good({ htu: `${URI}/` }))],
  ['9', 'another case of the path', 'proof_uri', () => proofOf(key, good({ htu: URI.replace('tokens', 'Tokens') }))],
  ['9', 'another scheme', 'proof_uri', () => proofOf(key, good({ htu: URI.replace('https', 'http') }))],
  ['9', 'another port', 'proof_uri', () => proofOf(key, good({ htu: 'https://gateway.test:8443/v1/tokens' }))],
  [
    '9',
    'a user in front of the host',
    'proof_uri',
    () => proofOf(key, good({ htu: 'https://a@gateway.test/v1/tokens' })),
  ],
  ['9', 'the path alone', 'proof_uri', () => proofOf(key, good({ htu: '/v1/tokens' }))],
  ['12', 'no ath', 'proof_token_hash', () => proofOf(key, good({ ath: undefined }))],
  ['12', 'the ath of another token', 'proof_token_hash', () => proofOf(key, good({ ath: athOf('other') }))],
  ['12', 'the token itself as ath', 'proof_token_hash', () => proofOf(key, good({ ath: TOKEN }))],
]

const head = () => ({ typ: 'dpop+jwt', alg: 'ES256', jwk: key.jwk })
const infinite = () => JSON.stringify({ ...good(), jti: 'a' }).replace(String(SECONDS), '1e999')
const privatePart = ({ privateKey }: ProofKey) => privateKey.export({ format: 'jwk' })
const swap = (one: string, two: string) => [...one.split('.').slice(0, 2), two.split('.')[2]].join('.')
const weak = (options: object) => proofKeyOf('RS256', generateKeyPairSync('rsa', { modulusLength: 2_048, ...options }))

describe('a proof that is refused (RFC 9449 §4.3)', () => {
  it.each(BAD)('check %s: %s is %s', async (_check, _name, fault, proof) => {
    expect(await check(await proof())).toBe(fault)
  })
})

describe('htu', () => {
  it.each([
    ['query and fragment are ignored', URI, `${URI}?a=b#c`],
    ['scheme and host are of any case, a default port is none', URI, 'HTTPS://Gateway.TEST:443/v1/tokens'],
    ['dot segments are resolved', URI, 'https://gateway.test/v1/x/../tokens'],
    ['what needs no percent-encoding may have it', `${URI}/a~b`, `${URI}/%61%7eb`],
    ['percent-encoding is of any case', `${URI}/a%2Fb`, `${URI}/a%2fb`],
  ])('%s', async (_what, uri, htu) => {
    expect(await check(proofOf(key, good({ htu })), { uri })).toBe(key.thumbprint)
  })

  it('an encoded slash is no slash', async () => {
    expect(await check(proofOf(key, good({ htu: `${URI}/a/b` })), { uri: `${URI}/a%2Fb` })).toBe('proof_uri')
  })
})

describe('ath', () => {
  it('at the token endpoint may be absent, but never another token’s', async () => {
    const optional = { tokenHash: 'optional' } as const
    expect(await check(proofOf(key, good({ ath: undefined })), optional)).toBe(key.thumbprint)
    expect(await check(proofOf(key, good()), optional)).toBe(key.thumbprint)
    expect(await check(proofOf(key, good({ ath: athOf('other') })), optional)).toBe('proof_token_hash')
  })

  it('of a token that did not come is refused', async () => {
    expect(await check(proofOf(key, good()), { token: undefined })).toBe('proof_token_hash')
    expect(await check(proofOf(key, good({ ath: undefined })), { token: undefined })).toBe(key.thumbprint)
  })
})

describe('the minute of a proof (check 11, T28)', () => {
  it.each([
    [-60_001, 'proof_time'],
    [-60_000, 'accepted'],
    [-1, 'accepted'],
    [0, 'accepted'],
    [60_000, 'accepted'],
    [60_001, 'proof_time'],
    [3_600_000, 'proof_time'],
    [-86_400_000, 'proof_time'],
  ])('our clock %d ms after its iat: %s', async (late, outcome) => {
    const expected = outcome === 'accepted' ? key.thumbprint : outcome
    expect(await check(proofOf(key, good()), {}, NOW + late)).toBe(expected)
  })
})
