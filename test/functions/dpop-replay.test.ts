import { beforeAll, describe, expect, it } from 'vitest'
import { oauthToken } from '../../functions/oauth-token.ts'
import { createAzure } from '../../shared/azure/azure.ts'
import type { Table } from '../../shared/azure/table.ts'
import { TOKEN_EXCHANGE } from '../../shared/tokens/exchange-request.ts'
import { proofKey, proofOf } from '../support/dpop.ts'
import { TOKEN_TYPE } from '../support/exchange.ts'
import { rig } from '../support/rig.ts'
import { GATEWAY, NOW, type TokenGateway, tokenGateway } from '../support/token-gateway.ts'

const local = rig()
let onceTable: Table
let instances: TokenGateway[]

beforeAll(async () => {
  await local.createStorage()
  onceTable = createAzure(local.config()).table('once')
  instances = await Promise.all([tokenGateway({ onceTable }), tokenGateway({ onceTable })])
})

async function send(instance: TokenGateway, dpop: string): Promise<number> {
  const form = new URLSearchParams({
    grant_type: TOKEN_EXCHANGE,
    subject_token: await instance.tokenOf('alice'),
    subject_token_type: `${TOKEN_TYPE}:access_token`,
    audience: 'ledger-api',
  })
  const headers = { 'content-type': 'application/x-www-form-urlencoded', dpop }
  return (await instance.call(oauthToken, { path: '/oauth2/token', headers, body: form.toString() })).status
}

describe('one proof on two instances that share table `once` on Azurite (T42)', () => {
  it('sent twelve times at once, exactly one gets a token', async () => {
    const key = await proofKey()
    for (let round = 0; round < 4; round++) {
      const dpop = proofOf(key, { htm: 'POST', htu: `${GATEWAY}/oauth2/token`, iat: NOW / 1_000 })
      const sent = Array.from({ length: 12 }, (_, index) => send(instances[index % 2] as TokenGateway, dpop))
      const statuses = (await Promise.all(sent)).sort()
      expect(statuses).toEqual([200, ...Array(11).fill(400)])
    }
  })

  it('is filed under the hour of its iat, by a hash of key and jti', async () => {
    const key = await proofKey()
    const iat = NOW / 1_000 - 30
    const jti = 'jti-of-its-own'
    await send(instances[0] as TokenGateway, proofOf(key, { htm: 'POST', htu: `${GATEWAY}/oauth2/token`, iat, jti }))
    const rows = []
    for await (const row of onceTable.list({ partitionKey: 'dpop|2026112423' })) rows.push(row)
    expect(rows).toHaveLength(1)
    expect(rows[0]?.rowKey).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(JSON.stringify(rows)).not.toContain(jti)
  })
})
