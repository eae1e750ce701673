import type { AccessToken, GetTokenOptions } from '@azure/identity'
import { describe, expect, it } from 'vitest'
import { createAzure } from '../../../shared/azure/azure.ts'
import { createCredential } from '../../../shared/azure/credential.ts'
import { createBroker } from '../../../shared/tokens/broker/broker.ts'
import { rig } from '../../support/rig.ts'

const local = rig()
const HOUR = 3_600_000

/** An identity endpoint in slow motion: each request is answered by the test. */
function slowIdentity() {
  const asked: { options: GetTokenOptions; answer: (token: AccessToken) => void; fail: (error?: Error) => void }[] = []
  const source = {
    getToken: (_scopes: string | string[], options: GetTokenOptions = {}) =>
      new Promise<AccessToken>((resolve, reject) => {
        asked.push({ options, answer: resolve, fail: (error = new Error('canary-token-text')) => reject(error) })
      }),
  }
  let time = 1_000_000_000_000
  const now = () => time
  const broker = createBroker({ now })
  const credential = createCredential({ open: async () => source, broker, identity: 'gateway' })
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  const pass = (ms: number) => {
    time += ms
  }
  return { credential, broker, source, asked, settled, now, pass }
}

const token = (text: string, expiresOnTimestamp: number, refreshAfterTimestamp?: number): AccessToken => ({
  token: text,
  expiresOnTimestamp,
  ...(refreshAfterTimestamp && { refreshAfterTimestamp }),
})

describe('the gateway’s own credential (S9)', () => {
  it('one request for any number of waiters, per scope', async () => {
    const { credential, asked, settled, now } = slowIdentity()
    const waiting = Array.from({ length: 100 }, () => credential.getToken('vault'))
    const other = credential.getToken('storage')
    await settled()
    expect(asked).toHaveLength(2)
    asked[0]?.answer(token('v', now() + HOUR))
    asked[1]?.answer(token('s', now() + HOUR))
    expect(new Set((await Promise.all(waiting)).map((got) => got?.token))).toEqual(new Set(['v']))
    expect((await other)?.token).toBe('s')
  })

  it('past its refresh time the old token serves at once and one renewal runs', async () => {
    const { credential, asked, settled, now, pass } = slowIdentity()
    const first = credential.getToken('vault')
    await settled()
    asked[0]?.answer(token('old', now() + 4 * HOUR, now() + 3 * HOUR))
    expect((await first)?.refreshAfterTimestamp).toBe(now() + 3 * HOUR)
    pass(3 * HOUR)
    const during = await Promise.all(Array.from({ length: 20 }, () => credential.getToken('vault')))
    expect(new Set(during.map((got) => got?.token))).toEqual(new Set(['old']))
    await settled()
    expect(asked).toHaveLength(2)
    asked[1]?.answer(token('new', now() + HOUR))
    await settled()
    expect((await credential.getToken('vault'))?.token).toBe('new')
  })

  it('never shares a token between two identities on one broker (T21)', async () => {
    const { credential, broker, source, asked, settled, now } = slowIdentity()
    const other = createCredential({ open: async () => source, broker, identity: 'operator' })
    const both = [credential.getToken('vault'), other.getToken('vault')]
    await settled()
    expect(asked).toHaveLength(2)
    asked[0]?.answer(token('gateway', now() + HOUR))
    asked[1]?.answer(token('operator', now() + HOUR))
    expect((await Promise.all(both)).map((got) => got?.token)).toEqual(['gateway', 'operator'])
  })

  it('a failure says nothing of the SDK’s error, and a signal ends the wait of one', async () => {
    const { credential, asked, settled, now } = slowIdentity()
    const stop = new AbortController()
    const impatient = credential.getToken('vault', { abortSignal: stop.signal })
    const patient = credential.getToken('vault')
    await settled()
    stop.abort()
    await expect(impatient).rejects.toMatchObject({ name: 'AbortError' })
    asked[0]?.answer(token('v', now() + HOUR))
    expect((await patient)?.token).toBe('v')
    const failing = credential.getToken('storage')
    await settled()
    asked[1]?.fail()
    const error = await failing.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).toMatchObject({ name: 'CredentialFailure' })
    expect(String(error)).not.toContain('canary-token-text')
    expect((error as Error).cause).toBeUndefined()
  })

  it('a refused assertion of the SDK’s own shape makes the key rest', async () => {
    const { credential, asked, settled } = slowIdentity()
    const first = credential.getToken('vault')
    await settled()
    const inner = Object.assign(new Error('AADSTS700211: canary'), { errorCode: 'invalid_client' })
    asked[0]?.fail(new Error('wrapped', { cause: inner }))
    await expect(first).rejects.toMatchObject({ name: 'CredentialFailure' })
    await expect(credential.getToken('vault')).rejects.toMatchObject({ name: 'CredentialFailure' })
    expect(asked).toHaveLength(1)
  })

  it('after a claims challenge the refused token is given to nobody again', async () => {
    const { credential, asked, settled, now } = slowIdentity()
    const first = credential.getToken('vault')
    await settled()
    asked[0]?.answer(token('refused', now() + HOUR))
    await first
    const second = credential.getToken('vault', { claims: '{"access_token":{}}' })
    await settled()
    expect(asked[1]?.options.claims).toBe('{"access_token":{}}')
    asked[1]?.answer(token('fresh', now() + HOUR))
    expect((await second)?.token).toBe('fresh')
    expect((await credential.getToken('vault'))?.token).toBe('fresh')
    expect(asked).toHaveLength(2)
  })

  it('B7: 50 calls to storage and vault cost one token each', async () => {
    await local.createStorage()
    await local.identityControl.managedIdentity.clear()
    const azure = createAzure(local.config())
    const table = azure.table('keys')
    const vault = azure.vault(`https://${local.account}-main.vault.azure.net`)
    const calls = Array.from({ length: 25 }, () => [table.get('p', 'r'), vault.versions('none')]).flat()
    await Promise.all(calls)
    const counts = await local.identityControl.managedIdentity.counts()
    expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(2)
  })
})
