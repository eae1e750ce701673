import type { Operation } from './operations.ts'
import { swagger20 } from './swagger20.ts'

/** Stands in the committed files until somebody puts the own one there (infra/connector/README.md). */
export const HOST = 'gateway.contoso.example'
export const CLIENT_ID = '00000000-0000-0000-0000-000000000000'

/** Tags of what no flow has a use for. */
const NOT_FOR_FLOWS: readonly string[] = ['OAuth', 'Service']

/** The definition of the custom connector. */
export function connectorDefinition(operations: readonly Operation[]) {
  const shown = operations.filter(({ description }) => !NOT_FOR_FLOWS.includes(description.tag))
  const { swagger, info, basePath, tags, securityDefinitions, ...rest } = swagger20(shown)
  const { license, ...about } = info
  return {
    ...{ swagger, info: { ...about, contact: { name: 'Sallyport' } } },
    ...{ host: HOST, basePath, schemes: ['https'], ...withUsed(rest) },
    tags: tags.filter(({ name }) => shown.some(({ description }) => description.tag === name)),
    securityDefinitions,
  }
}

/** The parts of a connector's document with no definition that nothing leads to: the whole has a limit of 1 MB. */
function withUsed<T extends { paths: object; definitions: Readonly<Record<string, unknown>> }>(parts: T): T {
  const used = new Set<string>()
  const look = (part: unknown) => {
    for (const [, name = ''] of JSON.stringify(part).matchAll(/"#\/definitions\/([^"]+)"/g)) {
      if (used.has(name)) continue
      used.add(name)
      look(parts.definitions[name])
    }
  }
  look(parts.paths)
  const definitions = Object.fromEntries(Object.entries(parts.definitions).filter(([name]) => used.has(name)))
  return { ...parts, definitions }
}

/** How the connector signs in: Entra, as the person or application that made the connection. */
export const connectorProperties = () => ({
  properties: {
    connectionParameters: {
      token: {
        type: 'oauthSetting',
        oAuthSettings: {
          identityProvider: 'aad',
          clientId: CLIENT_ID,
          scopes: [],
          redirectMode: 'GlobalPerConnector',
          redirectUrl: 'https://global.consent.azure-apim.net/redirect',
          properties: { IsFirstParty: 'False', AzureActiveDirectoryResourceId: `api://${CLIENT_ID}` },
          customParameters: {
            loginUri: { value: 'https://login.microsoftonline.com' },
            tenantId: { value: 'common' },
            resourceUri: { value: `api://${CLIENT_ID}` },
            enableOnbehalfOfLogin: { value: 'false' },
          },
        },
      },
      'token:TenantId': {
        type: 'string',
        metadata: { sourceType: 'AzureActiveDirectoryTenant' },
        uiDefinition: { constraints: { required: 'false', hidden: 'true' } },
      },
    },
    iconBrandColor: '#1f4e79',
    capabilities: [],
    policyTemplateInstances: [],
  },
})
