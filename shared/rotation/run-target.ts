import { hash } from 'node:crypto'
import type { RotationDocument } from '../policy/documents/rotation.ts'
import type { Run } from './run.ts'

/**
 * Names what a run works on: its secret, its rotator and what that changes. A run goes on while times, owner or the like are
 * edited, but what was made and tried for one place must not be published at another. Pure.
 */
export function targetOf(rotation: RotationDocument): string {
  return hash('sha256', JSON.stringify([rotation.secret, rotation.rotator, ...placeOf(rotation)]), 'hex')
}

function placeOf({ rotator, settings }: RotationDocument): unknown[] {
  switch (rotator) {
    case 'database':
      return [settings.host, settings.port, settings.database, settings.owner, settings.logins]
    case 'entra-app':
      return [settings.tenant, settings.application, settings.clientId].map((id) => id.toLowerCase())
    case 'storage-key':
      return [settings.account, settings.form]
    case 'webhook':
      return [settings.url, settings.valueFrom]
    default:
      return []
  }
}

/** Whether the document says something else than when the run began. */
export const isOfAnother = (rotation: RotationDocument, { of }: Pick<Run, 'of'>): boolean =>
  of !== undefined && of !== targetOf(rotation)
