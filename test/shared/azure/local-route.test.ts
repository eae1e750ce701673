import { request } from 'node:https'
import { describe, expect, it } from 'vitest'
import { localAgent } from '../../../shared/azure/local-route.ts'
import { rig } from '../../support/rig.ts'

const local = rig()

function get(url: string, agent = local.agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent }, (answer) => {
      answer.resume()
      answer.on('end', () => resolve(answer.statusCode ?? 0))
    })
    sent.on('error', reject)
    sent.end()
  })
}

describe('local route', () => {
  const vault = `https://${local.account}-main.vault.azure.net/secrets/x`

  it('reaches the local server under the production name, with its certificate checked', async () => {
    expect(await get(vault)).toBe(401)
  })

  it('keeps one connection for requests in a row', async () => {
    const agent = localAgent({ hosts: hosts(), caPath: local.addresses.ca })
    let opened = 0
    const open = agent.createConnection.bind(agent)
    agent.createConnection = (...call) => {
      opened += 1
      return open(...call)
    }
    for (let n = 0; n < 5; n += 1) await get(vault, agent)
    expect(opened).toBe(1)
  })

  it.each(['example.com', 'constructor', '__proto__', 'toString'])(
    'refuses a host that is not listed, as an error of the request: %s',
    async (host) => {
      const many = Array.from({ length: 100 }, () => get(`https://${host}/`))
      const outcomes = await Promise.allSettled(many)
      expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
      expect(outcomes[99]).toMatchObject({ reason: { message: `no local server stands in for ${host.toLowerCase()}` } })
    },
  )

  it('refuses a listed host whose server shows another name’s certificate', async () => {
    const elsewhere = localAgent({
      hosts: { 'vault.example.com': new URL(local.addresses.vaults.main).host },
      caPath: local.addresses.ca,
    })
    await expect(get('https://vault.example.com/', elsewhere)).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    })
  })

  function hosts(): Record<string, string> {
    return { [`${local.account}-main.vault.azure.net`]: new URL(local.addresses.vaults.main).host }
  }
})
