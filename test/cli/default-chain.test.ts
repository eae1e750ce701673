import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { main } from '../../cli/main.ts'
import { createAzure } from '../../shared/azure/azure.ts'
import { applyPolicies } from '../../shared/policy/apply.ts'
import { loadDocuments } from '../../shared/policy/load-documents.ts'
import { type HostedGateway, hostGateway } from '../support/hosted-gateway.ts'
import { rig } from '../support/rig.ts'
import { directory } from '../support/tenant.ts'

// api.md: "Credentials: the default credential chain for Entra", here a managed identity, from the rig's own endpoint.

vi.setConfig({ testTimeout: 60_000, hookTimeout: 90_000 })

const local = rig()
let host: HostedGateway

beforeAll(async () => {
  await local.createStorage()
  await (await local.operatorVault('main')).setSecret('chain-test', 'of the chain')
  const permit = {
    kind: 'statement',
    id: 'managed-identity-reads',
    effect: 'permit',
    principals: [{ entra: { tenant: directory.tenant, objectId: directory.gatewayIdentity?.objectId } }],
    roles: ['secret-reader'],
    resources: ['secret/main/chain-*'],
    owner: 'team-test',
  }
  const documents = [...(await loadDocuments('local/seed/policies')), permit]
  await applyPolicies({ table: createAzure(local.config()).table('policies'), documents, now: Date.now })
  host = await hostGateway({ ...local.environment, SALLYPORT_JOURNAL_DEADLINE_MS: '20000' })
})

afterAll(() => host.stop())

async function sallyport(...args: string[]) {
  const lines: string[] = []
  const keep = (line: string) => void lines.push(line)
  const exit = await main(args, { env: {}, cwd: '.', out: keep, err: keep })
  return { exit, text: lines.join('\n') }
}

describe('--gateway', () => {
  const get = ['secret', 'get', 'main/chain-test']
  const gateway = () => ['--gateway', `http://127.0.0.1:${host.port}`]

  test('0: as the identity that the default chain finds', async () => {
    expect(await sallyport(...get, ...gateway())).toEqual({ exit: 0, text: 'of the chain' })
  })

  test('1: a scope that nobody knows gives no token; what the SDK says is not repeated', async () => {
    const answer = await sallyport(...get, ...gateway(), '--app-scope', 'api://nowhere/.default')
    expect(answer).toEqual({
      exit: 1,
      text: expect.stringMatching(/^sallyport: no Azure identity gives a token for api:.*/),
    })
  })

  test.each([
    [['--caller', 'billing-app'], 'only in a local run'],
    [['--cloud', 'Mars'], '--cloud: one of'],
  ])('2: %j', async (more, says) => {
    expect(await sallyport(...get, ...gateway(), ...more)).toEqual({ exit: 2, text: expect.stringContaining(says) })
  })
})
