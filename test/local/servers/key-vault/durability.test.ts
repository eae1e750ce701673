import { SecretClient } from '@azure/keyvault-secrets'
import { afterAll, afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Child } from '../../../../local/servers/child.ts'
import { httpsCall } from '../../../support/https-call.ts'
import { agentTo, killHard, ownState, startOwn } from '../../../support/own-server.ts'
import { rig } from '../../../support/rig.ts'
import { agentPolicy, staticCredential } from '../../../support/sdk.ts'

// Whole processes start and end here; a busy machine needs its time.
vi.setConfig({ testTimeout: 90_000 })

const HOST = 'sallyport-main.vault.azure.net'
const { stateDir: rigState, addresses, operatorToken } = rig()
const own = ownState(rigState)
afterAll(own.remove)

let server: Child
let client: SecretClient

async function start(): Promise<void> {
  server = await startOwn('key-vault', [
    '--state',
    own.stateDir,
    '--identity',
    addresses.identity,
    '--delete-delay-ms',
    '50',
  ])
  client = new SecretClient(`https://${HOST}`, staticCredential(await operatorToken('https://vault.azure.net')), {
    additionalPolicies: [agentPolicy(agentTo(HOST, server.ports['https'], own.ca))],
    retryOptions: { maxRetries: 0 },
  })
  // Wins the challenge, so that the writes below are one request each.
  await client.listPropertiesOfSecrets().next()
}

beforeEach(start)
afterEach(() => server.stop())

it('kill -9 amid 120 writes: every acknowledged version is there after the restart, with its value', async () => {
  const acknowledged: { name: string; version: string; value: string }[] = []
  let killed: Promise<void> | undefined
  const writes = Array.from({ length: 120 }, async (_, at) => {
    const [name, value] = [`secret-${at % 20}`, `value-${at}`]
    const { properties } = await client.setSecret(name, value)
    acknowledged.push({ name, version: properties.version ?? '', value })
    if (acknowledged.length === 50) killed = killHard(server)
  })
  await Promise.allSettled(writes)
  await killed
  expect(acknowledged.length).toBeGreaterThanOrEqual(50)
  expect(acknowledged.length).toBeLessThan(120)
  await start()
  for (const { name, version, value } of acknowledged) {
    expect((await client.getSecret(name, { version })).value).toBe(value)
  }
})

it('kill -9 after changes of state: deleted, recovered, disabled and purged stay so', async () => {
  const quick = { intervalInMs: 20 }
  for (const name of ['deleted', 'recovered', 'purged', 'disabled']) await client.setSecret(name, name)
  for (const name of ['deleted', 'recovered', 'purged'])
    await (await client.beginDeleteSecret(name, quick)).pollUntilDone()
  await (await client.beginRecoverDeletedSecret('recovered', quick)).pollUntilDone()
  await client.purgeDeletedSecret('purged')
  await client.updateSecretProperties('disabled', '', { enabled: false })
  await killHard(server)
  await start()
  expect(await client.getDeletedSecret('deleted')).toMatchObject({ name: 'deleted' })
  expect((await client.getSecret('recovered')).value).toBe('recovered')
  await expect(client.getDeletedSecret('purged')).rejects.toMatchObject({ statusCode: 404 })
  await expect(client.getSecret('disabled')).rejects.toMatchObject({ statusCode: 403 })
})

it('404: another vault name and /_control, without the test switch', async () => {
  const authorization = `Bearer ${await operatorToken('https://vault.azure.net')}`
  const status = async (host: string, path: string) => {
    const agent = agentTo(host, server.ports['https'], own.ca)
    return (await httpsCall(`https://${host}${path}`, { agent, headers: { authorization } })).status
  }
  expect(await status(HOST, '/secrets?api-version=7.6')).toBe(200)
  expect(await status('other-main.vault.azure.net', '/secrets?api-version=7.6')).toBe(404)
  expect(await status(HOST, '/_control/counts/sallyport-main?api-version=7.6')).toBe(404)
})
