import { CONTAINERS, QUEUES, TABLES } from '../../../shared/azure/storage-names.ts'
import { ofType, type Rule } from './rule.ts'

const STORAGE = 'Microsoft.Storage/storageAccounts'
/** Longest and form of names that are global in Azure. */
const LIMITS: Record<string, RegExp> = {
  [STORAGE]: /^[a-z0-9]{3,24}$/,
  'Microsoft.KeyVault/vaults': /^[a-zA-Z](?!.*--)[a-zA-Z0-9-]{1,22}[a-zA-Z0-9]$/,
  'Microsoft.Web/sites': /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,58}[a-zA-Z0-9])$/,
  'Microsoft.OperationalInsights/workspaces': /^[a-zA-Z0-9][a-zA-Z0-9-]{2,61}[a-zA-Z0-9]$/,
  'Microsoft.EventGrid/systemTopics': /^[a-zA-Z0-9-]{3,50}$/,
}

/** Tables, containers and the queue are those the code names: the gateway itself creates none. */
export const storageNames: Rule = (snapshot) => {
  const named = (type: string) => ofType(snapshot, `${STORAGE}/${type}`).map(({ name }) => name.split('/').at(-1) ?? '')
  return [
    ...same('table', named('tableServices/tables'), Object.values(TABLES)),
    ...same('queue', named('queueServices/queues'), Object.values(QUEUES)),
    ...same('container', named('blobServices/containers'), [...Object.values(CONTAINERS), 'package']),
  ]
}

function same(what: string, are: string[], wanted: string[]): string[] {
  return [
    ...wanted
      .filter((name) => !are.includes(name))
      .map((name) => `${what} ${name} is not created: add it to infra/names.bicep`),
    ...are.filter((name) => !wanted.includes(name)).map((name) => `${what} ${name} is nobody's: remove it`),
  ]
}

/** Names within Azure's limits, no id twice, tags on whatever can have them. */
export const identifiers: Rule = ({ predictedResources }) => {
  const ids = predictedResources.map(({ id }) => id.toLowerCase())
  return [
    ...predictedResources
      .filter(({ type, name }) => LIMITS[type] && !LIMITS[type].test(name))
      .map(({ type, name }) => `${type} ${name}: too long or with signs that Azure refuses; choose another name`),
    ...ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `${id} is created twice`),
    ...predictedResources
      .filter(({ location, tags }) => location && !tags?.['azd-env-name'])
      .map(({ type, name }) => `${type} ${name}: no tag azd-env-name`),
  ]
}
