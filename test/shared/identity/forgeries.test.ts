import { createHmac, createPublicKey } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { CONTOSO, createDoor, EC, GITHUB, KEY, keyReads, outcome } from './support/door.ts'
import { base64url, entraClaims, oidcClaims, rsaKey, signRaw, token } from './support/tokens.ts'

const STRANGER = rsaKey('key-1')
const claims = entraClaims()
const good = token(claims, KEY)
const [header = '', payload = '', signature = ''] = good.split('.')
const pem = createPublicKey(KEY.privateKey).export({ type: 'spki', format: 'pem' }).toString()

/** A token with a header of the forger's choice and an HMAC over it. */
function hmac(secret: string | Buffer, head: object): string {
  const input = `${base64url(JSON.stringify({ typ: 'JWT', kid: 'key-1', ...head }))}.${payload}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

const withHeader = (head: object) => `${base64url(JSON.stringify({ typ: 'JWT', kid: 'key-1', ...head }))}.${payload}.`

describe('T1: forged and malformed tokens; only the original passes', () => {
  it('passes the original', async () => {
    expect(await outcome(createDoor(), good)).toBe('passed')
  })

  it.each([
    ...['none', 'None', 'NONE', 'nOnE', 'none ', ''].map((alg) => [`alg ${JSON.stringify(alg)}`, withHeader({ alg })]),
    ...['none', 'None', 'RS256'].map((alg) => [`alg ${alg}, signature AA`, `${withHeader({ alg })}AA`]),
    ['null signature bytes', `${header}.${payload}.${base64url(Buffer.alloc(256))}`],
    ['HS256 with the public key as PEM', hmac(pem, { alg: 'HS256' })],
    ['HS256 with the public modulus', hmac(Buffer.from(String(KEY.jwk['n']), 'base64url'), { alg: 'HS256' })],
    ['HS256 with a blank key', hmac('', { alg: 'HS256' })],
    ['hs256 in small letters', hmac('', { alg: 'hs256' })],
    ['RS256 said, HMAC done', hmac(pem, { alg: 'RS256' })],
    ['rs256 in small letters', token(claims, KEY, { alg: 'rs256' })],
    ['an algorithm as a list', token(claims, KEY, { alg: ['RS256'] })],
    ['no algorithm', token(claims, KEY, { alg: undefined })],
    ['RS512, which the issuer does not use', token(claims, KEY, { alg: 'RS512' })],
    ['ES256, which this issuer does not use', token(claims, EC)],
    ["a stranger's key under the right kid", token(claims, STRANGER)],
    ["another token's signature", `${header}.${payload}.${token(entraClaims({ uti: '2' }), KEY).split('.')[2]}`],
    [
      'changed claims under the signature',
      `${header}.${base64url(JSON.stringify({ ...claims, roles: ['a'] }))}.${signature}`,
    ],
    ['an embedded key', token(claims, STRANGER, { jwk: STRANGER.jwk })],
    ['an embedded certificate', token(claims, STRANGER, { x5c: ['MIIB'] })],
    ['crit', token(claims, KEY, { crit: ['exp'] })],
    ['crit and b64', token(claims, KEY, { crit: ['b64'], b64: false })],
    ['compressed', token(claims, KEY, { zip: 'DEF' })],
    ['a token in a token', token(claims, KEY, { cty: 'JWT' })],
    ['a JWE header', token(claims, KEY, { alg: 'RSA-OAEP', enc: 'A128GCM' })],
  ])('refuses %s', async (_, text) => {
    expect(await outcome(createDoor(), String(text))).toMatch(/^invalid_token /)
  })

  it('refuses a key used with another algorithm than its own (RFC 8725 §3.1)', async () => {
    const door = createDoor({ issuers: [{ ...CONTOSO, algorithms: ['RS256', 'PS256', 'ES256'] }] })
    expect(await outcome(door, token(claims, { ...KEY, alg: 'PS256' }))).toBe('invalid_token key_unusable')
    expect(await outcome(door, token(claims, { ...KEY, alg: 'ES256' }))).toBe('invalid_token key_unusable')
    expect(await outcome(door, good)).toBe('passed')
  })

  it('takes the ECDSA twin (r, n−s) for the same principal and token id: nothing keys on the text (F2)', async () => {
    const door = createDoor({ issuers: [GITHUB] })
    const text = token(oidcClaims(), EC)
    const one = await door.authenticate(text)
    const two = await door.authenticate(twin(text))
    expect(twin(text)).not.toBe(text)
    expect([two.id, two.tokenId]).toEqual([one.id, one.tokenId])
  })
})

const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

function twin(text: string): string {
  const [head, body, sig = ''] = text.split('.')
  const bytes = Buffer.from(sig, 'base64url')
  const s = BigInt(`0x${bytes.subarray(32).toString('hex')}`)
  const flipped = Buffer.from((P256_ORDER - s).toString(16).padStart(64, '0'), 'hex')
  return `${head}.${body}.${base64url(Buffer.concat([bytes.subarray(0, 32), flipped]))}`
}

describe('T2: keys only from the trusted issuer', () => {
  it.each(['jku', 'x5u'])('refuses a token with %s and never asks that address', async (name) => {
    let hits = 0
    const canary = createServer((_, response) => {
      hits += 1
      response.end(JSON.stringify({ keys: [STRANGER.jwk] }))
    })
    await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve))
    try {
      const { port } = canary.address() as AddressInfo
      const door = createDoor()
      const text = token(claims, STRANGER, { [name]: `http://127.0.0.1:${port}/keys` })
      expect(await outcome(door, text)).toBe('invalid_token header_key_source')
      expect(hits).toBe(0)
      expect(door.fetched).toEqual([])
      expect(door.refusals).toEqual(['contoso: header_key_source'])
    } finally {
      await new Promise((resolve) => canary.close(resolve))
    }
  })
})

describe('T3: hostile key ids', () => {
  const kids = [
    '../../../../dev/null',
    '..%2f..%2fetc%2fpasswd',
    "key-1' or '1'='1",
    "key-1' or PartitionKey ne '",
    'key-1"; DROP TABLE keys; --',
    'key-1\r\nSet-Cookie: a=b',
    'key-1\n',
    'key-1\0',
    '/dev/null',
    'https://evil.example.test/keys',
    '__proto__',
    'constructor',
    'x'.repeat(129),
    '',
    '\u202ekey-1',
  ]

  it('401 for each of them, after at most one read of the keys', async () => {
    const door = createDoor()
    for (const kid of kids) {
      // Paths alone are of the shape of a kid: they are compared, and nothing else is done with them.
      const why = /^[A-Za-z0-9_\-.=+/]{1,128}$/.test(kid) ? 'kid_unknown' : 'kid_malformed'
      expect(await outcome(door, token(claims, KEY, { kid }))).toBe(`invalid_token ${why}`)
    }
    expect(keyReads(door)).toBeLessThanOrEqual(1)
  })

  it.each([
    ['absent', undefined, 'kid_missing'],
    ['null', null, 'kid_malformed'],
    ['a number', 1, 'kid_malformed'],
    ['a list', ['key-1'], 'kid_malformed'],
  ])('refuses a kid that is %s although one key would do', async (_, kid, reason) => {
    const door = createDoor({ keys: [KEY] })
    expect(await outcome(door, signRaw({ typ: 'JWT', alg: 'RS256', kid }, claims, KEY))).toBe(`invalid_token ${reason}`)
  })
})
