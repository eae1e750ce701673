import { generateKeyPairSync, sign } from 'node:crypto'
import fc from 'fast-check'
import { jwtVerify } from 'jose'
import { expect, it } from 'vitest'
import type { JwtAlgorithm } from '../../../shared/identity/issuer.ts'
import { LIMITS } from '../../../shared/identity/limits.ts'
import { createSignatureCheck } from '../../../shared/identity/signature.ts'
import { createVerificationKey } from '../../../shared/identity/verification-key.ts'
import { GITHUB } from './support/door.ts'
import { AUDIENCE, base64url, NOON, oidcClaims, without } from './support/tokens.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const PAIRS = {
  RS256: { ...rsa, hash: 'sha256', options: {} },
  RS384: { ...rsa, hash: 'sha384', options: {} },
  RS512: { ...rsa, hash: 'sha512', options: {} },
  PS256: { ...rsa, hash: 'sha256', options: { padding: 6, saltLength: 32 } },
  ES256: { ...generateKeyPairSync('ec', { namedCurve: 'P-256' }), hash: 'sha256', options: P1363() },
  ES384: { ...generateKeyPairSync('ec', { namedCurve: 'P-384' }), hash: 'sha384', options: P1363() },
  EdDSA: { ...generateKeyPairSync('ed25519'), hash: null, options: {} },
} satisfies Record<JwtAlgorithm, object>
const ALGORITHMS = Object.keys(PAIRS) as JwtAlgorithm[]
const KEYS = Object.fromEntries(
  ALGORITHMS.map((alg) => {
    const jwk = PAIRS[alg].publicKey.export({ format: 'jwk' }) as { kty: 'RSA'; n: string; e: string }
    return [alg, createVerificationKey({ kid: 'k', algorithm: alg, jwk })]
  }),
) as Record<JwtAlgorithm, ReturnType<typeof createVerificationKey>>

function P1363() {
  return { dsaEncoding: 'ieee-p1363' as const }
}

function signed(alg: JwtAlgorithm, claims: object, header: object = {}): string {
  const { privateKey, hash, options } = PAIRS[alg]
  const input = [{ typ: 'JWT', kid: 'k', alg, ...header }, claims]
    .map((part) => base64url(JSON.stringify(part)))
    .join('.')
  return `${input}.${base64url(sign(hash, Buffer.from(input), { key: privateKey, ...options }))}`
}

const check = createSignatureCheck()

const ours = async (token: string, alg: JwtAlgorithm) =>
  (await check({ token, key: KEYS[alg], issuer: GITHUB, now: NOON })) === undefined

/** What the gate asked before it verified by itself. */
async function joses(token: string, alg: JwtAlgorithm): Promise<boolean> {
  const key = await KEYS[alg].load()
  if (!key) throw new Error('no key')
  const options = { algorithms: [alg], issuer: GITHUB.issuer, audience: [...GITHUB.audiences] }
  const times = { currentDate: new Date(NOON), clockTolerance: LIMITS.leewaySeconds }
  const requiredClaims = ['iss', 'sub', 'aud', 'exp', 'iat']
  return jwtVerify(token, key, { ...options, ...times, requiredClaims }).then(
    () => true,
    () => false,
  )
}

const algorithms = fc.constantFrom(...ALGORITHMS)
const seconds = NOON / 1_000

it.each(ALGORITHMS)(
  'passes a genuine token signed with %s, refuses each signature that is not its own (T1)',
  async (alg) => {
    const token = signed(alg, oidcClaims())
    expect([await ours(token, alg), await joses(token, alg)]).toEqual([true, true])
    const input = token.slice(0, token.lastIndexOf('.'))
    const genuine = Buffer.from(token.slice(input.length + 1), 'base64url')
    const others = [
      ...[
        Buffer.alloc(0),
        Buffer.alloc(genuine.length),
        genuine.subarray(1),
        Buffer.concat([genuine, Buffer.alloc(1)]),
      ],
      ...[genuine.subarray(0, -1), Buffer.concat([Buffer.alloc(1), genuine]), Buffer.concat([genuine, genuine])],
      ...ALGORITHMS.filter((other) => other !== alg).map((other) =>
        sign(PAIRS[other].hash, Buffer.from(input), { key: PAIRS[other].privateKey, ...PAIRS[other].options }),
      ),
      // The same numbers, as DER.
      ...(alg.startsWith('ES') ? [sign(PAIRS[alg].hash, Buffer.from(input), PAIRS[alg].privateKey)] : []),
    ]
    for (const other of others) {
      const forged = `${input}.${base64url(other)}`
      expect([await ours(forged, alg), await joses(forged, alg)]).toEqual([false, false])
    }
  },
)

it('says what jose says of one claim or header changed and signed by the right key (T1, T2, T6)', async () => {
  const edge = LIMITS.leewaySeconds
  const times = fc.oneof(
    fc.constantFrom(-edge, edge).chain((at) => fc.integer({ min: at - 2, max: at + 2 })),
    fc.double({ min: -edge - 1, max: edge + 1, noNaN: true }),
  )
  const odd = fc.constantFrom<unknown>(0, -1, 1e300, null, '1', true, '', [], {}, [[AUDIENCE]], [seconds])
  const set = (name: string, value: unknown) => ({ claims: { ...oidcClaims(), [name]: value }, header: {} })
  const audiences = [[AUDIENCE], ['x', AUDIENCE], ['x'], `${AUDIENCE} `, AUDIENCE.toUpperCase()]
  const issuers = [`${GITHUB.issuer}/`, GITHUB.issuer.toUpperCase(), [GITHUB.issuer]]
  const headers = [
    {},
    { crit: ['exp'], exp: 1 },
    { crit: [] },
    ...['none', 'RS256', 'ES256', ['ES256'], null].map((alg) => ({ alg })),
  ]
  const names = fc.constantFrom('iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'jti')
  const changed = fc.oneof(
    fc.tuple(fc.constantFrom('exp', 'nbf', 'iat'), times).map(([name, off]) => set(name, seconds + off)),
    fc.tuple(names, odd).map(([name, value]) => set(name, value)),
    fc.constantFrom(...audiences).map((aud) => set('aud', aud)),
    fc.constantFrom(...issuers).map((iss) => set('iss', iss)),
    names.map((name) => ({ claims: without(oidcClaims(), ...([name] as never[])), header: {} })),
    fc.constantFrom(...headers).map((header) => ({ claims: oidcClaims(), header })),
  )
  await fc.assert(
    fc.asyncProperty(algorithms, changed, async (alg, { claims, header }) => {
      const token = signed(alg, claims, header)
      expect(await ours(token, alg)).toBe(await joses(token, alg))
    }),
    { numRuns: 600 },
  )
})

it('refuses a genuine token with any one character changed, as jose does (T1)', async () => {
  const genuine = Object.fromEntries(ALGORITHMS.map((alg) => [alg, signed(alg, oidcClaims())]))
  const wanted = fc.record({ alg: algorithms, at: fc.nat(), to: fc.constantFrom(...'AQgwz09-_.=Ł') })
  await fc.assert(
    fc.asyncProperty(wanted, async ({ alg, at, to }) => {
      const token = genuine[alg] ?? ''
      const place = at % token.length
      const changed = `${token.slice(0, place)}${to}${token.slice(place + 1)}`
      // Stray bits of the last character are the strict gate's to refuse (F2).
      fc.pre(changed !== token && place % token.length !== token.length - 1)
      expect(await ours(changed, alg)).toBe(false)
      expect(await joses(changed, alg)).toBe(false)
    }),
    { numRuns: 300 },
  )
})
