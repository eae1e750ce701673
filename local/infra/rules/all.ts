import type { Snapshot } from '../snapshot.ts'
import { functionApp } from './function-app.ts'
import { identifiers, storageNames } from './names.ts'
import { events, noSecrets } from './no-secrets.ts'
import { privateNetwork } from './private-network.ts'
import { customRoles, roles } from './roles.ts'
import type { Properties, Rule } from './rule.ts'
import { settings } from './settings.ts'
import { immutability, storageAccounts } from './storage-accounts.ts'
import { telemetry } from './telemetry.ts'
import { vaults } from './vaults.ts'

const RULES: readonly Rule[] = [
  storageAccounts,
  immutability,
  vaults,
  functionApp,
  settings,
  storageNames,
  identifiers,
  roles,
  customRoles,
  telemetry,
  privateNetwork,
  events,
  noSecrets,
]

/** Everything that is wrong with what a deployment would create. */
export const judge = (snapshot: Snapshot, of: Properties): string[] => RULES.flatMap((rule) => rule(snapshot, of))
