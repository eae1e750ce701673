import { createCredential } from '../../shared/azure/credential.ts'
import { detectHost } from '../../shared/azure/managed-identity-host.ts'
import { openIdentity } from '../../shared/azure/open-identity.ts'
import { createBroker } from '../../shared/tokens/broker/broker.ts'

/**
 * A process on some host of managed identities (the library finds the host once in a process): a token, the same again, and
 * one after a claims challenge; prints them with the host's name.
 */
const CLAIMS = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}'
const SCOPE = 'https://vault.azure.net/.default'
const way = { authority: 'https://login.microsoftonline.com', exchangeAudience: 'api://AzureADTokenExchange' }
const open = () => openIdentity({ kind: 'managed' }, way)
const broker = createBroker({ now: Date.now })
const { getToken } = createCredential({ open, broker, identity: 'gateway' })
const first = await getToken(SCOPE)
const again = await getToken(SCOPE)
const fresh = await getToken(SCOPE, { claims: CLAIMS })
const after = await getToken(SCOPE)
const tokens = [first, again, fresh, after].map((got) => got?.token)
process.stdout.write(JSON.stringify({ host: detectHost(process.env), tokens }))
