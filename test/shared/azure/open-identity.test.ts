import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createAzure } from '../../../shared/azure/azure.ts'
import { rig } from '../../support/rig.ts'
import { signingApplication } from '../../support/signing-application.ts'

const local = rig()
let own: Awaited<ReturnType<typeof signingApplication>>
let authority: ReturnType<typeof local.identityControl.of>

beforeAll(async () => {
  own = await signingApplication(local)
  authority = local.identityControl.of(own.clientId)
})
beforeEach(() => authority.clear())
afterAll(() => own.forget())

/** The Azure side of a gateway under a clock of its own. */
function azureWith(env: Record<string, string>) {
  let ahead = 0
  const azure = createAzure(local.config({ ...own.variables, ...env }), { now: () => Date.now() + ahead })
  const pass = (ms: number) => {
    ahead += ms
  }
  return { azure, pass, tries: async () => (await authority.counts())['token'] ?? 0 }
}

const bySecret = () =>
  azureWith({ SALLYPORT_IDENTITY: '{"Credential":"Environment"}', AZURE_CLIENT_SECRET: own.secret })

describe('a stored or mounted credential of the gateway itself (S9, S10)', () => {
  it('an authority that was down serves again after our rest of 5 s, not after the SDK’s of 60', async () => {
    const { azure, pass, tries } = bySecret()
    await authority.fault({ kind: 'fail', status: 503, operation: 'token' })
    await expect(azure.checkIdentity()).rejects.toThrow()
    expect(azure.identityTrouble()).toMatchObject({ why: expect.stringContaining('503'), remedy: expect.any(String) })
    await expect(azure.checkIdentity()).rejects.toThrow()
    expect(await tries()).toBe(1)
    pass(5_001)
    await azure.checkIdentity()
    expect(azure.identityTrouble()).toBeUndefined()
    expect(await tries()).toBe(2)
  })

  it('a Retry-After is waited for, once for all: 20 calls are one request', async () => {
    const { azure, pass, tries } = bySecret()
    await authority.fault({ kind: 'throttle', retryAfterSeconds: 30, operation: 'token' })
    const refused = await Promise.allSettled(Array.from({ length: 20 }, () => azure.checkIdentity()))
    expect(refused.every(({ status }) => status === 'rejected')).toBe(true)
    pass(29_000)
    await expect(azure.checkIdentity()).rejects.toThrow()
    expect(await tries()).toBe(1)
    pass(1_001)
    await Promise.all(Array.from({ length: 20 }, () => azure.checkIdentity()))
    expect(await tries()).toBe(2)
  })

  it('a token file that was renewed counts at once, one that ended is not tried each time', async () => {
    const ended = await own.tokenFile('mounted', { exp: 1_700_000_000 })
    const { azure, pass, tries } = azureWith({ AZURE_FEDERATED_TOKEN_FILE: ended })
    for (let call = 0; call < 3; call += 1) await expect(azure.checkIdentity()).rejects.toThrow()
    expect(await tries()).toBe(1)
    await own.tokenFile('mounted')
    pass(60_001)
    await azure.checkIdentity()
    expect(await tries()).toBe(2)
  })

  it('a token file that comes late is found: nobody was asked without it', async () => {
    const { azure, tries } = azureWith({ AZURE_FEDERATED_TOKEN_FILE: `${own.folder}/late` })
    await expect(azure.checkIdentity()).rejects.toThrow()
    expect(azure.identityTrouble()?.why).toBe('the file does not exist')
    await own.tokenFile('late')
    await azure.checkIdentity()
    expect(await tries()).toBe(1)
  })

  it.each(['redirect', 'garbage', 'reset'] as const)(
    '%s: no token, one request, nothing sent elsewhere (T40)',
    async (kind) => {
      const { azure, tries } = bySecret()
      await authority.fault({ kind, operation: 'token', location: 'https://sts.windows.net/elsewhere' })
      const failure: unknown = await azure.checkIdentity().catch((error: unknown) => error)
      expect(failure).toMatchObject({ name: 'CredentialFailure' })
      expect(JSON.stringify([failure, azure.identityTrouble(), String(failure)])).not.toContain(own.secret)
      expect((failure as Error).cause).toBeUndefined()
      expect(await tries()).toBe(1)
    },
  )

  it('a client-assertion identity says it when the managed identity behind it gives nothing', async () => {
    const { azure, tries } = azureWith({
      SALLYPORT_IDENTITY: JSON.stringify({
        ...{ Credential: 'ClientAssertion', TenantId: local.tenant, ClientId: own.clientId },
        Assertion: { ManagedIdentityIdType: 'ClientId', Id: '99999999-9999-4999-8999-999999999999' },
      }),
    })
    await expect(azure.checkIdentity()).rejects.toThrow()
    expect(azure.identityTrouble()).toMatchObject({ remedy: expect.stringContaining('attach the managed identity') })
    expect(await tries()).toBe(0)
  })
})
