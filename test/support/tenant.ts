import identities from '../../local/seed/identities.json' with { type: 'json' }

export type Caller =
  | 'billing-app'
  | 'orders-app'
  | 'reports-app'
  | 'analytics-app'
  | 'ledger-api'
  | 'deploy-app'
  | 'logic-app'
  | 'security-officer'
  | 'platform-engineer'
  | 'approver'
  | 'stranger'
  | 'operator'

/** The local tenant's fixed ids. */
export const directory = {
  tenant: identities.tenant,
  /** The gateway as a resource: its client id (`aud` of v2 tokens) and App ID URI (`aud` of v1 tokens). */
  gatewayResource: { appId: '5a11b0a7-0000-4000-8000-000000000001', uri: 'api://sallyport' },
  gatewayIdentity: identities.managedIdentities[0],
  app(name: Caller): { appId: string; objectId: string } {
    const app = identities.apps.find((item) => item.name === name)
    if (!app) throw new Error(`${name} is not in identities.json`)
    return app
  },
}
