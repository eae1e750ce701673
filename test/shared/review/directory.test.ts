import { describe, expect, it } from 'vitest'
import { createAzure } from '../../../shared/azure/azure.ts'
import { CLOUDS } from '../../../shared/azure/clouds.ts'
import { createJsonService } from '../../../shared/azure/json-service.ts'
import { listServicePrincipals } from '../../../shared/review/directory.ts'
import { listRoleAssignments } from '../../../shared/review/role-assignments.ts'
import type { JsonService } from '../../../shared/rotation/json-service.ts'
import { rig } from '../../support/rig.ts'

const local = rig()
const { ownToken } = createAzure(local.config())
const { graph, arm } = CLOUDS.AzurePublic
const service = (origin: string) => createJsonService({ origin, ownToken, agent: local.agent })
const signal = AbortSignal.timeout(60_000)

describe('the directory, out of Microsoft Graph (S13)', () => {
  it('is the same in pages of two as in one', async () => {
    const calls: string[] = []
    const small: JsonService = (method, path, options) => {
      calls.push(path)
      return service(graph)(method, path.replace('top=999', 'top=2'), options)
    }
    const paged = await listServicePrincipals({ service: small, origin: graph, signal })
    expect(calls.length).toBeGreaterThan(3)
    expect(paged).toEqual(await listServicePrincipals({ service: service(graph), origin: graph, signal }))
  })

  it('tells user-assigned from system-assigned identities', async () => {
    const found = await listServicePrincipals({ service: service(graph), origin: graph, signal })
    const identities = found.filter(({ type }) => type === 'ManagedIdentity')
    expect(identities.every(({ assigned, resourceId }) => assigned && resourceId?.startsWith('/subscriptions/'))).toBe(
      true,
    )
    expect(found.some(({ type }) => type === 'Application')).toBe(true)
  })
})

const GROUP = '/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/sallyport'

describe('role assignments, out of Azure Resource Manager', () => {
  it('come with what their roles permit, once each, with Reader on named scopes and nothing above', async () => {
    const place = {
      scopes: [GROUP, `${GROUP}/providers/Microsoft.KeyVault/vaults/sallyport-main`],
      objectId: 'd0000000-0000-4000-8000-000000000001',
    }
    const found = await listRoleAssignments({ service: service(arm), origin: arm, signal }, place)
    expect(found.map(({ role }) => role)).toContain('Reader')
    expect(found.find(({ role }) => role === 'Reader')?.actions).toEqual(['*/read'])
    expect(new Set(found.map((one) => JSON.stringify(one))).size).toBe(found.length)
  })
})
