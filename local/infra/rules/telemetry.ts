import { count, mustBe, ofType, type Rule } from './rule.ts'

const STORAGE = 'Microsoft.Storage/storageAccounts'
/** What has logs worth keeping. */
const LOGGED = [
  'Microsoft.KeyVault/vaults',
  'Microsoft.Web/sites',
  'Microsoft.EventGrid/systemTopics',
  `${STORAGE}/blobServices`,
  `${STORAGE}/queueServices`,
  `${STORAGE}/tableServices`,
]
const ALERTS = [
  'denial-spike',
  'server-errors',
  'rotation-stuck',
  'journal-failing',
  'tampered',
  'policies-unusable',
  'probe-failed',
  'keys-unusable',
  'emergency-not-rotated',
  'event-parked',
  'vault-refusing',
  'policies-written',
  'logs-capped',
]

/** Logs of everything go to the workspace, nothing can be sent there with a key, and the alerts exist. */
export const telemetry: Rule = (snapshot) => {
  const settings = ofType(snapshot, 'Microsoft.Insights/diagnosticSettings').map(({ id }) => id)
  const unlogged = LOGGED.flatMap((type) => ofType(snapshot, type)).filter(
    ({ id }) => !settings.some((setting) => setting.startsWith(`${id}/providers/Microsoft.Insights/`)),
  )
  const alerts = ofType(snapshot, 'Microsoft.Insights/scheduledQueryRules')
  return [
    ...unlogged.map(({ type, name }) => `${type} ${name}: no diagnostic setting`),
    ...count(snapshot, 'Microsoft.OperationalInsights/workspaces', 1),
    ...ofType(snapshot, 'Microsoft.OperationalInsights/workspaces').flatMap((each) =>
      mustBe(each, { 'properties.features.disableLocalAuth': true }),
    ),
    ...ofType(snapshot, 'Microsoft.Insights/components').flatMap((each) =>
      mustBe(each, { 'properties.DisableLocalAuth': true }),
    ),
    ...ALERTS.filter((name) => !alerts.some((alert) => alert.name === `sallyport-${name}`)).map(
      (name) => `no alert ${name}`,
    ),
    ...alerts.flatMap((alert) => mustBe(alert, { 'properties.enabled': true })),
    ...count(snapshot, 'Microsoft.Insights/activityLogAlerts', 1),
    ...count(snapshot, 'Microsoft.Insights/metricAlerts', 2),
  ]
}
