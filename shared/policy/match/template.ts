import type { Principal } from '../../identity/principal.ts'

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
 * never escaped: it becomes `*`, which covers whatever it might have been, and `evaluable` is false.
 */
export function expandTemplate(text: string, principal: Principal): { text: string; evaluable: boolean } {
  let evaluable = true
  const expanded = text.replace(/\$\{([^}]*)\}/g, (_whole, name: string) => {
    const value = TEMPLATE_VALUES[name]?.(principal)
    if (value && !METACHARACTER.test(value)) return value
    evaluable = false
    return '*'
  })
  return { text: expanded, evaluable }
}
