import type { RotationDocument } from '../policy/documents/rotation.ts'
import { RotationFault, type Rotator } from './rotator.ts'
import { createDatabaseRotator, type DatabaseDeps } from './rotators/database/database.ts'
import { createEntraAppRotator, type EntraAppDeps } from './rotators/entra-app.ts'
import { generate } from './rotators/generate.ts'
import { manual } from './rotators/manual.ts'
import { createStorageKeyRotator, type StorageKeyDeps } from './rotators/storage-key.ts'
import { createWebhookRotator, type WebhookDeps } from './rotators/webhook.ts'

/** What the rotators need of the gateway; grows with them. */
export type RotatorsDeps = DatabaseDeps & EntraAppDeps & StorageKeyDeps & WebhookDeps

/** The rotator of a document. Another one is a schema in policy/documents/rotators, a file in rotators and an entry here. */
export function createRotators(deps: RotatorsDeps): (rotation: RotationDocument) => Rotator {
  const rotators: Partial<Record<RotationDocument['rotator'], Rotator>> = {
    generate: generate as Rotator,
    manual: manual as Rotator,
    database: createDatabaseRotator(deps) as Rotator,
    'entra-app': createEntraAppRotator(deps) as Rotator,
    'storage-key': createStorageKeyRotator(deps) as Rotator,
    webhook: createWebhookRotator(deps) as Rotator,
  }
  return ({ rotator }) => {
    const found = rotators[rotator]
    if (!found) throw new RotationFault('rotator_not_in_this_build', { final: true })
    return found
  }
}
