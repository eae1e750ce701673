import type { Principal } from '../../shared/identity/principal.ts'

/** A principal as the JWT gate makes it; tests that need a real token use the rig instead. */
export function principal(overrides: Partial<Principal> = {}): Principal {
  return {
    id: 'entra:t:o',
    issuerName: 'local',
    kind: 'entra',
    tenant: 't',
    objectId: 'o',
    subject: 'o',
    groups: [],
    roles: [],
    claims: {},
    expiresAt: 3_600_000,
    validatedAt: 0,
    ...overrides,
  }
}
