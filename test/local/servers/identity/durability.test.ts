import { readFileSync } from 'node:fs'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { afterAll, expect, it } from 'vitest'
import { clientSecretsPath } from '../../../../local/servers/identity/directory.ts'
import { requestToken } from '../../../../local/servers/request-token.ts'
import { httpsCall } from '../../../support/https-call.ts'
import { agentTo, killHard, ownState, startOwn } from '../../../support/own-server.ts'
import { rig } from '../../../support/rig.ts'
import { directory } from '../../../support/tenant.ts'

const HOST = 'login.microsoftonline.com'
const { stateDir: rigState, tenant } = rig()
const own = ownState(rigState)
afterAll(own.remove)

const start = () => startOwn('identity', ['--state', own.stateDir])
const secrets = () => JSON.parse(readFileSync(clientSecretsPath(own.stateDir), 'utf8'))

it('tokens, client secrets and the identity header stay valid over a kill -9 and a restart', async () => {
  const first = await start()
  const before = secrets()
  const ask = (port: number | undefined) =>
    requestToken({
      ...{ identity: `https://127.0.0.1:${port}`, ca: own.ca, tenant, resource: 'api://sallyport', version: 2 },
      clientId: directory.app('billing-app').appId,
      clientSecret: before.apps['billing-app'],
    })
  const token = await ask(first.ports['https'])
  await killHard(first)

  const second = await start()
  expect(secrets()).toEqual(before)
  const agent = agentTo(HOST, second.ports['https'], own.ca)
  const { json } = await httpsCall(`https://${HOST}/${tenant}/discovery/v2.0/keys`, { agent })
  await jwtVerify(token, createLocalJWKSet(json as unknown as JSONWebKeySet))
  expect(await ask(second.ports['https'])).toBeTruthy()

  // Without the test switch: no control endpoint, no other tenant, no other issuer.
  expect((await httpsCall(`https://${HOST}/_control/mint`, { agent, method: 'POST', body: '{}' })).status).toBe(404)
  const foreign = `https://${HOST}/99999999-9999-4999-8999-999999999999/v2.0/.well-known/openid-configuration`
  expect((await httpsCall(foreign, { agent })).json).toMatchObject({ error_codes: [90002] })
  const oidc = agentTo('oidc.sallyport.test', second.ports['https'], own.ca)
  expect((await httpsCall('https://oidc.sallyport.test/unknown/jwks', { agent: oidc })).status).toBe(404)
  await second.stop()
})
