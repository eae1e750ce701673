import { at, count, mustBe, ofType, type Rule } from './rule.ts'

const ACCOUNT = 'Microsoft.Storage/storageAccounts'
const CONTAINER = `${ACCOUNT}/blobServices/containers`

/** No keys, no anonymous access, TLS 1.2; behind a firewall when data is private. */
export const storageAccounts: Rule = (snapshot, { network }) => {
  const firewall = network === 'public' ? 'Allow' : 'Deny'
  const accounts = ofType(snapshot, ACCOUNT).flatMap((account) => [
    ...mustBe(account, {
      'properties.allowSharedKeyAccess': false,
      'properties.allowBlobPublicAccess': false,
      'properties.allowCrossTenantReplication': false,
      'properties.defaultToOAuthAuthentication': true,
      'properties.isLocalUserEnabled': false,
      'properties.minimumTlsVersion': 'TLS1_2',
      'properties.supportsHttpsTrafficOnly': true,
      'properties.networkAcls.defaultAction': firewall,
    }),
  ])
  const containers = ofType(snapshot, CONTAINER).flatMap((each) => mustBe(each, { 'properties.publicAccess': 'None' }))
  return [...count(snapshot, ACCOUNT, 2), ...count(snapshot, CONTAINER, 2), ...accounts, ...containers]
}

/** Checkpoints can be added to and not be changed; locking the policy is the CLI's, since nobody can take it back. */
export const immutability: Rule = (snapshot) => {
  const type = `${CONTAINER}/immutabilityPolicies`
  return [
    ...count(snapshot, type, 1),
    ...ofType(snapshot, type).flatMap((policy) => [
      ...mustBe(policy, { 'properties.allowProtectedAppendWrites': true }),
      ...(policy.id.includes('/containers/checkpoints/') ? [] : [`${policy.name}: not of the container checkpoints`]),
      ...(Number(at(policy, 'properties.immutabilityPeriodSinceCreationInDays')) >= 1
        ? []
        : [`${policy.name}: no days`]),
    ]),
  ]
}
