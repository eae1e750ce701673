import { at, count, mustBe, ofType, type Rule } from './rule.ts'

const KEYS = /\blist[A-Z]?\w*\(|AccountKey=|SharedAccessKey|sharedAccessSignature|[?&]sig=|-----BEGIN|\bpassword\b/i
const OUTPUT = /key\b|secret\b|password|connection.?string|token/i

/** No key is asked for (`list*`) or written anywhere, and none is an output. Nothing may be left unpredicted. */
export const noSecrets: Rule = ({ predictedResources, diagnostics, outputs = {} }) => [
  ...predictedResources
    .filter((resource) => KEYS.test(JSON.stringify(resource)))
    .map(({ type, name }) => `${type} ${name}: asks for a key, or holds one`),
  ...Object.entries(outputs)
    .filter(
      ([name, value]) =>
        OUTPUT.test(name) || KEYS.test(JSON.stringify(value)) || /ConnectionString/.test(JSON.stringify(value)),
    )
    .map(([name]) => `output ${name}: looks like a secret, and outputs are read by whoever reads deployments`),
  ...diagnostics.map((each) => `not all could be predicted: ${String(each)}`),
]

/** Key Vault's events reach the queue by identity, past the firewall of the data account. */
export const events: Rule = (snapshot) => {
  const type = 'Microsoft.EventGrid/systemTopics/eventSubscriptions'
  const delivery = 'properties.deliveryWithResourceIdentity'
  const account = ofType(snapshot, 'Microsoft.Storage/storageAccounts').find(({ name }) => name.startsWith('stdata'))
  return [
    ...count(snapshot, type, 1),
    ...ofType(snapshot, type).flatMap((each) => [
      ...mustBe(each, {
        [`${delivery}.identity.type`]: 'SystemAssigned',
        [`${delivery}.destination.endpointType`]: 'StorageQueue',
        [`${delivery}.destination.properties.queueName`]: 'kvevents',
        [`${delivery}.destination.properties.resourceId`]: account?.id,
      }),
    ]),
    ...(at(account, 'properties.networkAcls.bypass') === 'AzureServices' ? [] : ['the firewall shuts Event Grid out']),
  ]
}
