import type { Principal } from '../../identity/principal.ts'
import { lowerAscii } from './claims.ts'

/** What a resource pattern may take from the caller; all of it comes from validated, immutable claims. */
export const TEMPLATE_VALUES: Readonly<Record<string, (principal: Principal) => string | undefined>> = {
  'principal.id': ({ id }) => id,
  'principal.issuer': ({ issuerName }) => issuerName,
  'principal.tenant': ({ tenant }) => tenant,
  'principal.objectId': ({ objectId }) => objectId,
  'principal.appId': ({ appId }) => appId,
  'principal.subject': ({ subject }) => subject,
}

const METACHARACTER = /[*/${}]/

/**
 * Puts the caller's values into a resource pattern. A value that is missing, empty or holds a metacharacter is refused,
 * never escaped: it becomes `*`, which covers whatever it might have been, and `evaluable` is false. That is false, too,
 * for a value with capitals in the name of a secret: names have no case, so `Alice` would come into the place of `alice`.
 */
export function expandTemplate(text: string, principal: Principal): { text: string; evaluable: boolean } {
  let evaluable = true
  const losesCase = text.startsWith('secret/')
  const expanded = text.replace(/\$\{([^}]*)\}/g, (_whole, name: string) => {
    const value = TEMPLATE_VALUES[name]?.(principal)
    const isPlain = value !== undefined && value !== '' && !METACHARACTER.test(value)
    if (!isPlain || (losesCase && lowerAscii(value) !== value)) evaluable = false
    return isPlain ? value : '*'
  })
  return { text: expanded, evaluable }
}
