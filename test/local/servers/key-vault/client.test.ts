import { ManagedIdentityCredential } from '@azure/identity'
import { SecretClient } from '@azure/keyvault-secrets'
import { describe, expect, it } from 'vitest'
import { rig } from '../../../support/rig.ts'
import { agentPolicy } from '../../../support/sdk.ts'

const { agent, account, operatorVault, vaultControl } = rig()

describe('S11: the gateway reads and writes a vault with its managed identity', () => {
  const client = new SecretClient(`https://${account}-main.vault.azure.net`, new ManagedIdentityCredential(), {
    additionalPolicies: [agentPolicy(agent)],
  })

  it('sets and gets a secret, newest and by version, after a challenge', async () => {
    const first = await client.setSecret('stripe-api-key', 'one', { tags: { owner: 'billing' } })
    const second = await client.setSecret('stripe-api-key', 'two', { contentType: 'text/plain' })
    expect((await client.getSecret('stripe-api-key')).value).toBe('two')
    const old = await client.getSecret('stripe-api-key', { version: first.properties.version ?? '' })
    expect(old.value).toBe('one')
    expect(old.properties.tags).toEqual({ owner: 'billing' })
    expect(second.properties).toMatchObject({ contentType: 'text/plain', recoveryLevel: 'Recoverable+Purgeable' })
    expect(await vaultControl('main').counts()).toMatchObject({ challenge: 1, setSecret: 2, getSecret: 2 })
  })

  it('403: the gateway may not delete', async () => {
    await expect(client.beginDeleteSecret('stripe-api-key')).rejects.toMatchObject({
      statusCode: 403,
      code: 'Forbidden',
    })
  })

  it('404 SecretNotFound: an unknown name', async () => {
    await expect(client.getSecret('nothing')).rejects.toMatchObject({ statusCode: 404, code: 'SecretNotFound' })
  })

  it('deletes, recovers and purges under the operator', async () => {
    const operator = await operatorVault('main')
    await operator.setSecret('to-delete', 'x')
    const poller = await operator.beginDeleteSecret('to-delete', { intervalInMs: 50 })
    expect((await poller.pollUntilDone()).name).toBe('to-delete')
  })
})
