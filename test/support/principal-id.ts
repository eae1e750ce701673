import { type Caller, directory } from './tenant.ts'

/** Principal id of a seeded caller. */
export const entraId = (caller: Caller) => `entra:${directory.tenant}:${directory.app(caller).objectId}`
