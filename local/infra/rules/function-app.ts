import { at, count, mustBe, ofType, type Rule } from './rule.ts'

const SITE = 'Microsoft.Web/sites'
const CREDENTIALS = `${SITE}/basicPublishingCredentialsPolicies`
const VERSIONS = ['22', '24']
const API_DEFINITION = /^https:\/\/[a-z0-9.-]+\/swagger\.json$/

/** Flex Consumption by its own identity: no passwords for FTP or deployment, no debugger, TLS 1.2. */
export const functionApp: Rule = (snapshot, { network }) => {
  const sites = ofType(snapshot, SITE).flatMap((site) => [
    ...mustBe(site, {
      'identity.type': 'SystemAssigned',
      'properties.httpsOnly': true,
      'properties.publicNetworkAccess': network === 'private' ? 'Disabled' : 'Enabled',
      'properties.outboundVnetRouting.allTraffic': network !== 'public',
      'properties.functionAppConfig.deployment.storage.authentication.type': 'SystemAssignedIdentity',
      'properties.functionAppConfig.runtime.name': 'node',
      'properties.siteConfig.ftpsState': 'Disabled',
      'properties.siteConfig.minTlsVersion': '1.2',
      'properties.siteConfig.scmMinTlsVersion': '1.2',
      'properties.siteConfig.remoteDebuggingEnabled': false,
      'properties.siteConfig.cors.allowedOrigins': [],
    }),
    ...(VERSIONS.includes(String(at(site, 'properties.functionAppConfig.runtime.version'))) ? [] : ['Node 22 or 24']),
    ...(API_DEFINITION.test(String(at(site, 'properties.siteConfig.apiDefinition.url')))
      ? []
      : [`${site.name}: apiDefinition must be /swagger.json of the app, where designers look for what it can do`]),
    ...(Boolean(at(site, 'properties.virtualNetworkSubnetId')) === (network !== 'public')
      ? []
      : [`${site.name}: virtualNetworkSubnetId must be set with private data, and only then`]),
  ])
  const credentials = ofType(snapshot, CREDENTIALS).flatMap((each) => mustBe(each, { 'properties.allow': false }))
  const plans = ofType(snapshot, 'Microsoft.Web/serverfarms').flatMap((plan) => mustBe(plan, { 'sku.name': 'FC1' }))
  return [...count(snapshot, SITE, 1), ...count(snapshot, CREDENTIALS, 2), ...sites, ...credentials, ...plans]
}
