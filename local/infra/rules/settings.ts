import { loadConfig, SETTING_NAMES } from '../../../shared/config.ts'
import { ofType, type Rule } from './rule.ts'

/** Of a local run only; the gateway refuses to start with them in Azure. */
const LOCAL = ['SALLYPORT_ALLOW_STUBS', 'SALLYPORT_LOCAL_HOSTS', 'SALLYPORT_LOCAL_CA']
const OPTIONAL = [
  'SALLYPORT_POLICY_API',
  'SALLYPORT_CALLBACK_HOSTS',
  'SALLYPORT_REVIEW_SCOPES',
  'SALLYPORT_ISSUER_PAGES',
]
const HOST = [
  'AzureWebJobsStorage__credential',
  'AzureWebJobsStorage__blobServiceUri',
  'AzureWebJobsStorage__queueServiceUri',
  'AzureWebJobsStorage__tableServiceUri',
  'APPLICATIONINSIGHTS_CONNECTION_STRING',
  'APPLICATIONINSIGHTS_AUTHENTICATION_STRING',
]

/** The app gets what shared/config.ts reads and nothing else, and the gateway would start with it. */
export const settings: Rule = (snapshot) => {
  const [config, ...more] = ofType(snapshot, 'Microsoft.Web/sites/config')
  if (!config || more.length > 0) return ['there must be one write of the app settings: each is an update of the site']
  const values = (config.properties ?? {}) as Record<string, string>
  const required = [...SETTING_NAMES.filter((name) => ![...LOCAL, ...OPTIONAL].includes(name)), ...HOST]
  return [
    ...required.filter((name) => !values[name]).map((name) => `setting ${name} is missing or empty`),
    ...Object.keys(values)
      .filter((name) => ![...required, ...OPTIONAL].includes(name))
      .map((name) => `setting ${name} is read by nobody: remove it`),
    ...starts(values),
  ]
}

/** The gateway's own check of its configuration, as it would run in Azure. */
function starts(values: Record<string, string>): string[] {
  const host = { WEBSITE_SITE_NAME: 'app', IDENTITY_ENDPOINT: 'http://localhost/msi', IDENTITY_HEADER: 'header' }
  try {
    loadConfig({ ...values, ...host })
    return []
  } catch (error) {
    return [error instanceof Error ? error.message : 'the configuration is wrong']
  }
}
