import { decodeJwt } from 'jose'
import { beforeEach, describe, expect, it } from 'vitest'
import { createAzure } from '../../../shared/azure/azure.ts'
import { openIdentity } from '../../../shared/azure/open-identity.ts'
import { rig } from '../../support/rig.ts'

const local = rig()
const msi = local.identityControl.managedIdentity
const WAY = { authority: 'https://login.microsoftonline.com', exchangeAudience: 'api://AzureADTokenExchange' }
const IDENTITY = {
  clientId: 'c0000000-0000-4000-8000-000000000002',
  objectId: 'd0000000-0000-4000-8000-000000000002',
  resourceId:
    '/subscriptions/22222222-2222-4222-8222-222222222222/resourcegroups/sallyport/providers/Microsoft.ManagedIdentity/userAssignedIdentities/gateway-extra',
}
const SCOPE = 'api://sallyport/.default'

beforeEach(() => msi.clear())

/** Azure with settings of its own; the identity endpoint stays that of the process. */
const azureAs = (identity: object) => createAzure(local.config({ SALLYPORT_IDENTITY: JSON.stringify(identity) }))

describe('the managed identity, as a client (S8, S10)', () => {
  it.each([
    ['SystemAssigned', undefined, 'd0000000-0000-4000-8000-000000000001'],
    ['ClientId', IDENTITY.clientId, IDENTITY.objectId],
    ['ObjectId', IDENTITY.objectId, IDENTITY.objectId],
    ['ResourceId', IDENTITY.resourceId, IDENTITY.objectId],
  ] as const)('%s gives that identity’s token, side by side in one process', async (type, id, objectId) => {
    const source = type === 'SystemAssigned' ? {} : { id: { type, id: id ?? '' } }
    const credential = await openIdentity({ kind: 'managed', ...source }, WAY)
    const got = await credential.getToken(SCOPE)
    expect(decodeJwt(got?.token ?? '')).toMatchObject({ oid: objectId, xms_mirid: expect.any(String) })
    expect((got?.refreshAfterTimestamp ?? 0) - Date.now()).toBeGreaterThan(11 * 3_600_000)
  })

  it('a vault that demands claims is served on the third request: the refused token does not come back', async () => {
    const vault = createAzure(local.config()).vault(`https://${local.account}-main.vault.azure.net`)
    await vault.versions('none')
    expect(await msi.counts()).toEqual({ msi: 1 })
    const claims = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}'
    await local.vaultControl('main').fault({ kind: 'claims', claims, times: 2 })
    await vault.versions('none')
    expect(await msi.counts()).toEqual({ msi: 2 })
    await vault.versions('none')
    expect(await msi.counts()).toEqual({ msi: 2 })
    await local.vaultControl('main').clear()
  })

  it('a throttled endpoint is asked once, whatever comes, and no wait is slept through', async () => {
    const azure = azureAs({ ManagedIdentityIdType: 'SystemAssigned' })
    await msi.fault({ kind: 'throttle', retryAfterSeconds: 30, times: 10 })
    for (let call = 0; call < 20; call += 1) {
      await expect(azure.checkIdentity()).rejects.toMatchObject({ name: 'CredentialFailure' })
    }
    expect(await msi.counts()).toEqual({ msi: 1 })
  })

  it.each(['redirect', 'garbage', 'reset', 'fail'] as const)(
    'an endpoint in trouble (%s): a failure of ours, one request, the header goes nowhere else (T40)',
    async (kind) => {
      const azure = azureAs({ ManagedIdentityIdType: 'ClientId', Id: IDENTITY.clientId })
      await msi.fault({ kind, location: `${local.addresses.identityEndpoint}?again`, times: 1 })
      const failure: unknown = await azure.checkIdentity().catch((error: unknown) => error)
      expect(failure).toMatchObject({ name: 'CredentialFailure' })
      expect((failure as Error).cause).toBeUndefined()
      expect(await msi.counts()).toEqual({ msi: 1 })
    },
  )

  it('an identity that is not attached fails at the check of the start', async () => {
    const azure = azureAs({ ManagedIdentityIdType: 'ClientId', Id: '99999999-9999-4999-8999-999999999999' })
    await expect(azure.checkIdentity()).rejects.toMatchObject({ name: 'CredentialFailure' })
  })
})
