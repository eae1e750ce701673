import type { Agent } from 'node:https'
import type { TokenCredential } from '@azure/identity'
import type { SecretClientOptions } from '@azure/keyvault-secrets'

type AdditionalPolicy = NonNullable<SecretClientOptions['additionalPolicies']>[number]

/** Sends an SDK client's connections through the agent; URL and certificate check stay those of production. */
export const agentPolicy = (agent: Agent): AdditionalPolicy => ({
  position: 'perRetry',
  policy: {
    name: 'local-route',
    sendRequest(request, next) {
      request.agent = agent
      return next(request)
    },
  },
})

export const staticCredential = (token: string): TokenCredential => ({
  getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_000_000 }),
})
