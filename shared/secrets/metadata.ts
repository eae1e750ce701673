import type { SecretRef } from './secret-ref.ts'
import type { Stage } from './validity.ts'
import type { SecretProperties } from './vault.ts'

/** What answers say of a version beside its value. */
export function metadataOf(ref: SecretRef, properties: SecretProperties, stage?: Stage) {
  const { version, enabled, contentType, notBefore, expires, created, updated, tags } = properties
  return {
    ...ref,
    ...(version && { version }),
    enabled,
    ...(stage && { stage }),
    ...(contentType !== undefined && { contentType }),
    ...times({ notBefore, expires, created, updated }),
    tags,
  }
}

export type SecretMetadata = ReturnType<typeof metadataOf>

type Moment = 'notBefore' | 'expires' | 'created' | 'updated'

function times(times: Partial<Record<Moment, number | undefined>>): Partial<Record<Moment, string>> {
  const present = Object.entries(times).filter((entry): entry is [string, number] => entry[1] !== undefined)
  return Object.fromEntries(present.map(([name, time]) => [name, new Date(time).toISOString()]))
}
