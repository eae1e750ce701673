import { beforeEach, describe, expect, it } from 'vitest'
import { exchange } from '../support/exchange.ts'
import { type TokenGateway, tokenGateway } from '../support/token-gateway.ts'

let gateway: TokenGateway

beforeEach(async () => {
  gateway = await tokenGateway()
})

/** Near misses of `https://ledger.test/`, and what a server that fetches or parses resources would trip over (T8). */
const ODD = [
  'https://ledger.test',
  'https://ledger.test//',
  'https://ledger.test/.',
  'https://ledger.test/#',
  'https://ledger.test/#fragment',
  'https://ledger.test/?',
  'https://ledger.test/ ',
  ' https://ledger.test/',
  'https://ledger.test/%2e',
  'https://ledger.test:443/',
  'https://LEDGER.test/',
  'HTTPS://ledger.test/',
  'http://ledger.test/',
  'https://ledger.test.evil.test/',
  'https://evil.test/https://ledger.test/',
  'https://ledger.test@evil.test/',
  'https://user:password@ledger.test/',
  'https://ledger.test\\@evil.test/',
  'https://ledger.test/\u0000',
  'https://ledger.test/\r\nHost: evil.test',
  'https://ledger.t\u0435st/',
  'https://ledger\u3002test/',
  'https://[::1]/',
  'https://127.0.0.1/',
  'http://169.254.169.254/metadata/identity/oauth2/token',
  'http://169.254.169.254/latest/meta-data/',
  'https://vault.azure.net',
  'https://management.azure.com/',
  'https://graph.microsoft.com/.default',
  'file:///etc/passwd',
  'data:text/plain,x',
  'javascript:alert(1)',
  'urn:LEDGER',
  'urn:ledger#x',
  'URN:ledger',
  'ledger-api',
  '/ledger',
  '//ledger.test/',
  '*',
  '..',
  '__proto__',
  'constructor',
  'token/ledger-api',
  "' or '1' eq '1",
  `https://ledger.test/${'a'.repeat(8_000)}`,
]

describe('RFC 8707: resource indicators', () => {
  it.each(ODD.map((resource) => [JSON.stringify(resource.slice(0, 60)), resource]))(
    '400 invalid_target: %s, and nothing is asked anywhere',
    async (_what, resource) => {
      // The caller's own token is verified first, which is what the issuer is asked for.
      await exchange(gateway)
      const { fetched, calls } = gateway
      const before = { fetched: fetched.length, signatures: calls.signatures }
      const answer = await exchange(gateway, { audience: undefined, resource })
      expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_target' } })
      expect({ fetched: fetched.length, signatures: calls.signatures }).toEqual(before)
      expect(gateway.entries.at(-1)).toMatchObject({ kind: 'denial', resource: 'token/_' })
    },
  )

  it.each(['https://ledger.test/', 'Ledger-API', 'ledger-api ', 'ledger-api/', 'token/ledger-api', '__proto__'])(
    '400 invalid_target: %s is no audience',
    async (audience) => {
      expect(await exchange(gateway, { audience })).toMatchObject({ status: 400, json: { error: 'invalid_target' } })
    },
  )
})
