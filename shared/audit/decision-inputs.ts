import type { Principal } from '../identity/principal.ts'
import type { Action } from '../policy/actions.ts'
import { canonicalResource } from '../policy/match/resource.ts'
import type { Satisfied } from '../policy/unmet-obligation.ts'
import type { DecidedEntry, EntryGrant } from './entry.ts'

type Asked = {
  principal: Principal
  actor?: Principal
  action: Action
  resource: string
  entitled?: 'holder'
  satisfies?: Satisfied
}

/** What the decision saw beside who, what and where: without it a replay would have to guess. */
export function decisionInputs(asked: Asked): Pick<DecidedEntry, 'entitled' | 'satisfies' | 'grant' | 'actorGrant'> {
  const { principal, actor, entitled, satisfies } = asked
  const [grant, actorGrant] = [grantInputs(principal, asked), actor && grantInputs(actor, asked)]
  return {
    ...(entitled && { entitled }),
    ...(satisfies && satisfies.size > 0 && { satisfies: [...satisfies].sort() }),
    ...(grant && { grant }),
    ...(actorGrant && { actorGrant }),
  }
}

/** Grants change and end; what they said then is kept. */
function grantInputs({ through }: Principal, { action, resource }: Asked): EntryGrant | undefined {
  if (!through) return undefined
  const { approvedBy, breakGlass } = through
  return {
    covers: through.covers(action, canonicalResource(resource)),
    ...(approvedBy.length > 0 && { approvedBy }),
    ...(breakGlass && { breakGlass }),
  }
}
