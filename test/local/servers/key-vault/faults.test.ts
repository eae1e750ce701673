import { SecretClient } from '@azure/keyvault-secrets'
import { afterEach, beforeAll, expect, it } from 'vitest'
import { rig } from '../../../support/rig.ts'
import { agentPolicy, staticCredential } from '../../../support/sdk.ts'

const { agent, account, operatorToken, vaultControl } = rig()
const control = vaultControl('main')
let client: SecretClient

beforeAll(async () => {
  const credential = staticCredential(await operatorToken('https://vault.azure.net'))
  client = new SecretClient(`https://${account}-main.vault.azure.net`, credential, {
    additionalPolicies: [agentPolicy(agent)],
    retryOptions: { maxRetries: 0 },
  })
  await client.setSecret('s', 'value')
})

afterEach(() => control.clear())

it('429 Throttled with Retry-After, for as many calls as planned', async () => {
  await control.fault({ kind: 'throttle', times: 2, retryAfterSeconds: 7 })
  for (const _ of [1, 2]) {
    const error = await client.getSecret('s').catch((failure: unknown) => failure)
    expect(error).toMatchObject({ statusCode: 429, code: 'Throttled' })
    expect((error as { response: { headers: Map<string, string> } }).response.headers.get('retry-after')).toBe('7')
  }
  expect((await client.getSecret('s')).value).toBe('value')
  expect(await control.counts()).toMatchObject({ getSecret: 3 })
})

it('500 and 503 as planned, for one operation only', async () => {
  await control.fault({ kind: 'fail', operation: 'getSecret', status: 503 })
  await client.setSecret('s', 'value')
  await expect(client.getSecret('s')).rejects.toMatchObject({ statusCode: 503 })
})

it('a reset connection, and one after the act: the write is there though nobody was told', async () => {
  await control.fault({ kind: 'reset', operation: 'getSecret' })
  await expect(client.getSecret('s')).rejects.toMatchObject({ code: 'ECONNRESET' })
  await control.fault({ kind: 'lose-answer', operation: 'setSecret' })
  await expect(client.setSecret('lost', 'written')).rejects.toMatchObject({ code: 'ECONNRESET' })
  expect((await client.getSecret('lost')).value).toBe('written')
})

it('an answer that never comes ends with the caller', async () => {
  await control.fault({ kind: 'hang' })
  const abortSignal = AbortSignal.timeout(100)
  await expect(client.getSecret('s', { abortSignal })).rejects.toMatchObject({ name: 'AbortError' })
})

it('an answer that is no JSON', async () => {
  await control.fault({ kind: 'garbage', body: '<html>' })
  await expect(client.getSecret('s')).rejects.toThrow()
})

it('401 insufficient_claims: a challenge that the client answers with a new request', async () => {
  await control.fault({ kind: 'claims', times: 2 })
  expect((await client.getSecret('s')).value).toBe('value')
  expect(await control.counts()).toMatchObject({ getSecret: 3 })
})

it('keeps faults of one vault from the other', async () => {
  await vaultControl('gateway').fault({ kind: 'fail' })
  expect((await client.getSecret('s')).value).toBe('value')
  await vaultControl('gateway').clear()
})
