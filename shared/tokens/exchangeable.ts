import { GatewayError } from '../errors.ts'
import type { Principal } from '../identity/principal.ts'
import type { Question } from '../policy/decision.ts'
import { resourceOf } from './own-resource.ts'
import type { OwnToken } from './own-token.ts'
import type { TargetDirectory } from './target-name.ts'

type Deps = { directory: TargetDirectory; permits(question: Question): boolean }

/**
 * T6: a token of ours is exchanged for one of another target only where the document of its own target names that one
 * (`exchangeableFor`), and only for who rightly has it: the client it was issued to, or the service it was sent to, which is who
 * may introspect it. A stolen one is worth nothing here. Runs after the permit, so that nobody without one learns what exists.
 * Throws `invalid_subject_token`.
 */
export function checkExchangeable(
  exchange: { token: OwnToken; caller: Principal; wanted: string },
  { directory, permits }: Deps,
): void {
  const { token, caller, wanted } = exchange
  const from = directory.target(token.target)?.token
  if (from?.kind !== 'jwt' || !from.exchangeableFor?.includes(wanted)) throw refused('exchange_not_named')
  const { resource, entitled } = resourceOf(token, caller)
  if (entitled || permits({ principal: caller, action: 'token:introspect', resource, context: {} })) return
  throw refused('subject_token_of_others')
}

const refused = (reason: string) => new GatewayError('invalid_subject_token', reason)
