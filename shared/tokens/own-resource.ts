import type { Ask } from '../gate.ts'
import type { Principal } from '../identity/principal.ts'
import type { OwnToken } from './own-token.ts'
import { NO_TARGET } from './target-name.ts'

/**
 * What to decide on for a token that came back: its target, or `_` for what is none of ours. Its holder, the client it was
 * issued to, needs no permit; its subject is somebody else where an actor holds it.
 */
export function resourceOf(own: OwnToken | undefined, caller: Principal): Pick<Ask<unknown>, 'resource' | 'entitled'> {
  if (!own) return { resource: `token/${NO_TARGET}` }
  const holds = own.claims['client_id'] === caller.id
  return { resource: `token/${own.target}`, ...(holds && { entitled: 'holder' }) }
}
