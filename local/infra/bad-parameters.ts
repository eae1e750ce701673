import type { Case } from './matrix.ts'

/** Parameters that nobody should get as far as a deployment with, and what must be said of them. */
export const BAD_PARAMETERS: readonly {
  what: string
  of?: Partial<Omit<Case, 'name'>>
  name: string
  value: string
  says: RegExp
}[] = [
  { what: 'an unknown network', name: 'network', value: `'open'`, says: /'private' \| 'privateData' \| 'public'/ },
  { what: 'too long an environment', name: 'environmentName', value: `'${'e'.repeat(21)}'`, says: /too long/ },
  { what: 'logs for a week', name: 'logRetentionDays', value: '7', says: /too small/ },
  { what: 'no immutability', name: 'immutabilityDays', value: '0', says: /too small/ },
  {
    what: 'a private gateway whose keys nobody outside can read',
    of: { network: 'private' },
    name: 'publicIssuer',
    value: `'app'`,
    says: /network `private` needs publicIssuer `static` and staticIssuer/,
  },
  {
    what: 'a static issuer without its page',
    of: { network: 'private' },
    name: 'staticIssuer',
    value: `''`,
    says: /publicIssuer `static` needs staticIssuer/,
  },
  {
    what: 'single secrets without a list',
    of: { vaultAccess: 'perSecret' },
    name: 'secretGrants',
    value: '[]',
    says: /vaultAccess `perSecret` needs secretGrants/,
  },
]

/** Not in the parameter files, so added to one. */
export const ADDED_PARAMETERS: readonly { what: string; line: string; says: RegExp }[] = [
  { what: 'an unknown cloud', line: `param cloudName = 'AzureGermany'`, says: /'AzureChina' \| 'AzurePublic'/ },
  {
    what: 'a page whose issuer is the app',
    line: `param pageAccount = { resourceGroup: 'rg-apps', name: 'issuerpage' }`,
    says: /pageAccount needs publicIssuer `static`/,
  },
  { what: 'too long a vault name', line: `param mainVaultName = '${'v'.repeat(25)}'`, says: /too long/ },
]
