import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { clientSecretsPath } from '../../../../local/servers/identity/directory.ts'
import { requestToken } from '../../../../local/servers/request-token.ts'
import { managedToken } from '../../../support/cloud-rotators.ts'
import { httpsCall } from '../../../support/https-call.ts'
import { agentTo, killHard, ownState, startOwn } from '../../../support/own-server.ts'
import { rig } from '../../../support/rig.ts'

const local = rig()
const own = ownState(local.stateDir)
afterAll(own.remove)

const PRINCIPALS = 'https://graph.microsoft.com/v1.0/servicePrincipals'
const bearer = async (resource = 'https://graph.microsoft.com') => ({
  authorization: `Bearer ${await managedToken(local.environment, resource)}`,
})

describe('Microsoft Graph of the local identity server', () => {
  it('refuses no token, a token for something else, and one without a permission, in Graph’s words', async () => {
    const { agent } = local
    const none = await httpsCall(PRINCIPALS, { agent })
    expect(none).toMatchObject({ status: 401, json: { error: { code: 'InvalidAuthenticationToken' } } })
    const foreign = await httpsCall(PRINCIPALS, { agent, headers: await bearer('https://vault.azure.net') })
    expect(foreign).toMatchObject({ status: 401, json: { error: { code: 'InvalidAuthenticationToken' } } })
    const token = await local.callerToken('stranger', { version: 1, resource: 'https://graph.microsoft.com' })
    const denied = await httpsCall(PRINCIPALS, { agent, headers: { authorization: `Bearer ${token}` } })
    expect(denied).toMatchObject({ status: 403, json: { error: { code: 'Authorization_RequestDenied' } } })
    const unknown = await httpsCall(`https://graph.microsoft.com/v1.0/applications/${local.tenant}`, {
      agent,
      headers: await bearer(),
    })
    expect(unknown).toMatchObject({ status: 404, json: { error: { code: 'Request_ResourceNotFound' } } })
  })

  it('lists managed identities by pages, and tells user-assigned ones by isExplicit', async () => {
    const filter = encodeURIComponent("servicePrincipalType eq 'ManagedIdentity'")
    let url: string | undefined = `${PRINCIPALS}?$filter=${filter}&$select=id,alternativeNames&$top=1`
    const found: { id: string; alternativeNames: string[] }[] = []
    let pages = 0
    while (url !== undefined) {
      const { json } = await httpsCall(url, { agent: local.agent, headers: await bearer() })
      found.push(...(json['value'] as typeof found))
      url = json['@odata.nextLink'] as string | undefined
      pages += 1
    }
    expect(pages).toBeGreaterThan(1)
    const explicit = (id: string) => found.find((item) => item.id === id)?.alternativeNames[0]
    expect(explicit('d0000000-0000-4000-8000-000000000001')).toBe('isExplicit=False')
    expect(explicit('d0000000-0000-4000-8000-000000000002')).toBe('isExplicit=True')
  })

  it('a secret that was added works, and one that was removed does not, over a kill -9', async () => {
    const start = () => startOwn('identity', ['--state', own.stateDir, '--control'])
    const appId = 'a1234567-0000-4000-8000-000000000001'
    const applicationId = 'e1234567-0000-4000-8000-000000000001'
    const owners = ['d0000000-0000-4000-8000-000000000001']
    const app = { name: 'app', appId, objectId: 'b1234567-0000-4000-8000-000000000001', applicationId, owners }
    const at = async (child: Awaited<ReturnType<typeof start>>) => {
      const login = agentTo('login.microsoftonline.com', child.ports['https'], own.ca)
      const body = JSON.stringify({ app, secret: 'the first secret' })
      await httpsCall('https://login.microsoftonline.com/_control/apps', { agent: login, method: 'POST', body })
      const { identityHeader } = JSON.parse(readFileSync(clientSecretsPath(own.stateDir), 'utf8'))
      const environment = {
        IDENTITY_ENDPOINT: `http://127.0.0.1:${child.ports['msi']}/msi/token`,
        IDENTITY_HEADER: identityHeader,
      }
      const graph = async (method: string, path: string, content?: unknown) => {
        const token = await managedToken(environment, 'https://graph.microsoft.us')
        const agent = agentTo('graph.microsoft.us', child.ports['https'], own.ca)
        const url = `https://graph.microsoft.us/v1.0/applications/${applicationId}${path}`
        const headers = { authorization: `Bearer ${token}` }
        return httpsCall(url, { agent, method, headers, ...(content ? { body: JSON.stringify(content) } : {}) })
      }
      const works = (clientSecret: string) => {
        const identity = `https://127.0.0.1:${child.ports['https']}`
        const asked = { identity, ca: own.ca, tenant: local.tenant, clientId: appId, clientSecret }
        return requestToken({ ...asked, resource: 'https://graph.microsoft.com', version: 2 }).then(
          () => true,
          () => false,
        )
      }
      return { graph, works }
    }
    const first = await start()
    const { graph, works } = await at(first)
    const add = async () => (await graph('POST', '/addPassword', { passwordCredential: { displayName: 'x' } })).json
    const [kept, gone] = [await add(), await add()]
    expect((await graph('POST', '/removePassword', { keyId: gone['keyId'] })).status).toBe(204)
    expect([await works(String(kept['secretText'])), await works(String(gone['secretText']))]).toEqual([true, false])
    await killHard(first)

    const second = await start()
    const again = await at(second)
    expect(await again.works(String(kept['secretText']))).toBe(true)
    expect(await again.works(String(gone['secretText']))).toBe(false)
    const { json, text } = await again.graph('GET', '?$select=appId,passwordCredentials')
    expect(json['passwordCredentials']).toHaveLength(2)
    expect(text).not.toContain(String(kept['secretText']))
    await second.stop()
  }, 60_000)
})
