import type { ParseArgsOptionsConfig } from 'node:util'
import { type Answer, type Call, CliError, EXIT } from '../verb.ts'
import { listOption, numberOption, textOption } from './arguments.ts'
import { textIn } from './gateway.ts'

/** What a grant is to hold: options of `grant open` and `grant delegate`. */
export const WISH_OPTIONS = {
  action: { type: 'string', multiple: true },
  resource: { type: 'string', multiple: true },
  ttl: { type: 'string' },
  'max-uses': { type: 'string' },
} as const satisfies ParseArgsOptionsConfig

export const WISH_USAGE = '--action A… --resource R… --ttl 15m [--max-uses N]'

/** The same as the gateway's body. Throws CliError `usage` for what is missing; what it may hold is the gateway's to say. */
export function wishOf(call: Call) {
  const [actions, resources, ttl] = [listOption(call, 'action'), listOption(call, 'resource'), textOption(call, 'ttl')]
  if (actions.length === 0 || resources.length === 0 || ttl === undefined) {
    throw new CliError(EXIT.usage, `a grant needs ${WISH_USAGE}`)
  }
  return { actions, resources, ttl, maxUses: numberOption(call, 'max-uses') }
}

/** The credential, which is shown this once, alone on stdout; what else there is to know on stderr. */
export function openedAnswer(call: Call, json: Record<string, unknown>): Answer {
  const credential = textIn(json, 'credential')
  if (!call.values['json']) {
    const { id, state, expires, usesLeft } = json
    const uses = usesLeft === null || usesLeft === undefined ? '' : `, ${usesLeft} uses`
    call.note(`grant ${id}: ${state}, until ${expires}${uses}; its credential is not shown again`)
  }
  return { exit: EXIT.ok, json, value: credential }
}
