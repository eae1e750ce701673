import { handOut, refuseNarrowing } from '../entra/handed-out.ts'
import { createPasswordLogins, type PasswordLoginDeps } from '../entra/password-logins.ts'
import type { TokenKind } from './kind.ts'

export type PasswordKindDeps = PasswordLoginDeps & { report(event: string, detail: Record<string, unknown>): void }

/**
 * Legacy: an Entra token by username and password. The stored credential is read and checked for form before anything is
 * recorded.
 */
export function createPasswordKind({ report, ...deps }: PasswordKindDeps): TokenKind<'password'> {
  const open = createPasswordLogins(deps)
  const warned = new Set<string>()
  return {
    kind: 'password',
    async plan(order) {
      refuseNarrowing(order)
      const { name, token } = order.target
      const { tenant, clientId, credential, resource } = token
      const login = await open(token)
      // Once a process and target: a second factor cannot protect such a user, and nobody should forget that it is there.
      if (!warned.has(name)) report('password.legacy', { target: name, credential })
      warned.add(name)
      const fallback = `entra:${tenant}:app:${clientId}`
      return {
        handout: { reference: fallback },
        identifiedBy: 'result',
        async mint() {
          const brokered = await login.get()
          const { maxTtlSeconds } = order.obligations
          return handOut({ brokered, resource, fallback, maxTtlSeconds, now: deps.now() })
        },
      }
    },
  }
}
