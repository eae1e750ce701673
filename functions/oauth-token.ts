import { GatewayError } from '../shared/errors.ts'
import { receiptHeader } from '../shared/gate.ts'
import type { Gateway } from '../shared/gateway.ts'
import { readForm } from '../shared/http/body.ts'
import { type Caller, identifyBy } from '../shared/http/caller.ts'
import type { Endpoint, GatewayRequest } from '../shared/http/endpoint.ts'
import { idempotent } from '../shared/http/idempotency.ts'
import { oauthCaller } from '../shared/http/oauth-caller.ts'
import { type GrantRequest, readGrantRequest, TARGET_PARAMETERS } from '../shared/tokens/exchange-request.ts'
import { subjectAuthenticator } from '../shared/tokens/read-subject-jwt.ts'
import { authenticateToken, readParties } from '../shared/tokens/subject-token.ts'
import { tokenAnswer } from '../shared/tokens/token-answer.ts'

/** OAuth 2.0 token endpoint: token exchange (RFC 8693) and client credentials (RFC 6749 §4.4). */
export const oauthToken: Endpoint = {
  name: 'oauth-token',
  route: 'oauth2/token',
  dialect: 'oauth',
  methods: {
    POST: async (request, gateway) => {
      const form = await readForm(request, { repeatable: TARGET_PARAMETERS })
      const { target, scope, exchange } = readGrantRequest(form)
      const apart = await oauthCaller(request, form, gateway)
      const { txn, context, ...parties } = await whoTakesPart(request, gateway, { apart, exchange, target })
      return idempotent(request, gateway, { txn, principal: parties.caller }, async () => {
        const grant = await gateway.admit(await gateway.tokens.ask({ txn, context, ...parties, target, scope }))
        const issued = await gateway.tokens.issue(grant)
        return {
          status: 200,
          // RFC 6749 §5.1 asks for Pragma beside the no-store that every answer has.
          headers: { Pragma: 'no-cache', ...receiptHeader(grant.receipt) },
          json: tokenAnswer(issued, exchange),
        }
      })
    },
  },
}

type Asked = { apart: Caller | undefined } & Pick<GrantRequest, 'exchange' | 'target'>

/** Who authenticates apart calls; without that, the subject token speaks for the caller too, unless somebody else is to act. */
async function whoTakesPart(request: GatewayRequest, gateway: Gateway, { apart, exchange, target }: Asked) {
  const { own, isPassed } = gateway.tokens
  const authenticate = subjectAuthenticator(target, gateway)
  if (exchange && apart) {
    const { principal, context } = apart
    const caller = { principal, provenKey: context.dpopThumbprint }
    const throughOf = (grant: string) => gateway.grants.recall(grant)
    return { ...apart, ...(await readParties(exchange, caller, { authenticate, own, isPassed, throughOf })) }
  }
  if (apart) return { ...apart, subject: apart.principal, caller: apart.principal }
  if (!exchange || exchange.actorToken !== undefined)
    throw new GatewayError('missing_token', 'no_client_authentication')
  const token = exchange.subjectToken
  const alone = await identifyBy(request, gateway, { token }, (key) => authenticateToken(token, { authenticate }, key))
  return { ...alone, subject: alone.principal, caller: alone.principal }
}
