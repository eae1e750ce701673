import { TableClient } from '@azure/data-tables'
import { ManagedIdentityCredential } from '@azure/identity'
import { beforeAll, expect, it } from 'vitest'
import { TABLES } from '../../../../shared/azure/storage-names.ts'
import { rig } from '../../../support/rig.ts'
import { agentPolicy } from '../../../support/sdk.ts'

const { account, agent, createStorage } = rig()

const client = (name: string, of = account) =>
  new TableClient(`https://${of}.table.core.windows.net`, name, new ManagedIdentityCredential(), {
    additionalPolicies: [agentPolicy(agent)],
  })

beforeAll(createStorage)

it('the gateway reads and writes every table under its production host name, by OAuth over TLS', async () => {
  for (const name of Object.values(TABLES)) {
    const table = client(name)
    await table.createEntity({ partitionKey: 'p', rowKey: 'r', name })
    expect(await table.getEntity('p', 'r')).toMatchObject({ name })
  }
})

it('makes storage twice without a fault', async () => {
  await createStorage()
})
