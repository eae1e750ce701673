import { count, mustBe, ofType, type Rule } from './rule.ts'

const VAULT = 'Microsoft.KeyVault/vaults'

/** Two vaults, by roles alone, from which nothing can be purged; no secret is made by a template. */
export const vaults: Rule = (snapshot, { network }) => {
  const isPublic = network === 'public'
  return [
    ...count(snapshot, VAULT, 2),
    ...count(snapshot, `${VAULT}/secrets`, 0),
    ...ofType(snapshot, VAULT).flatMap((vault) =>
      mustBe(vault, {
        apiVersion: '2026-02-01',
        'properties.enableRbacAuthorization': true,
        'properties.enablePurgeProtection': true,
        'properties.enableSoftDelete': true,
        'properties.softDeleteRetentionInDays': 90,
        'properties.enabledForDeployment': false,
        'properties.enabledForTemplateDeployment': false,
        'properties.enabledForDiskEncryption': false,
        'properties.publicNetworkAccess': isPublic ? 'Enabled' : 'Disabled',
        'properties.networkAcls.defaultAction': isPublic ? 'Allow' : 'Deny',
      }),
    ),
  ]
}
