import { inspect } from 'node:util'
import { calculateJwkThumbprint, createLocalJWKSet, exportPKCS8, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from '../../../../shared/tokens/keys/key-names.ts'
import { createSigner } from '../../../../shared/tokens/keys/signer.ts'
import { generateSigningSecret, importSigningKey } from '../../../../shared/tokens/keys/signing-key.ts'

async function made(alg: SigningAlgorithm) {
  const secret = await generateSigningSecret(alg)
  const key = await importSigningKey(alg, secret)
  if (!key) throw new Error('no key')
  return { secret, key }
}

describe.each(SIGNING_ALGORITHMS)('%s signing key', (alg) => {
  it('has its RFC 7638 thumbprint as kid', async () => {
    const { key } = await made(alg)
    expect(key.kid).toBe(await calculateJwkThumbprint(key.publicJwk, 'sha256'))
    expect(key.publicJwk).toMatchObject({ kid: key.kid, alg, use: 'sig' })
  })

  it('signs what its public half verifies', async () => {
    const { key } = await made(alg)
    const token = await (await createSigner(key)).sign({ sub: 'a' }, 'at+jwt')
    const { protectedHeader } = await jwtVerify(token, createLocalJWKSet({ keys: [key.publicJwk] }))
    expect(protectedHeader).toEqual({ alg, typ: 'at+jwt', kid: key.kid })
  })

  it('cannot be exported, nor printed with anything private in it (T18)', async () => {
    const { secret, key } = await made(alg)
    await expect(exportPKCS8(key.privateKey)).rejects.toThrow()
    await expect(crypto.subtle.exportKey('jwk', key.privateKey)).rejects.toThrow()
    const printed = [inspect(key, { depth: 9 }), JSON.stringify(key), inspect(secret), String(secret)].join('\n')
    const parts = secret.within((pem) => pem.match(/[A-Za-z0-9+/]{20,}/g) ?? [])
    expect(parts.length).toBeGreaterThan(0)
    for (const part of parts) expect(printed).not.toContain(part)
    for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(key.publicJwk).not.toHaveProperty(member)
  })

  it('is no key of the other algorithm (RFC 8725 §3.1)', async () => {
    const { secret } = await made(alg)
    const other = alg === 'ES256' ? 'RS256' : 'ES256'
    expect(await importSigningKey(other, secret)).toBeUndefined()
  })
})
