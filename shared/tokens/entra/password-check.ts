import { GatewayError } from '../../errors.ts'
import type { PasswordToken } from '../../policy/documents/target-kinds/password.ts'
import type { Target } from '../../policy/target.ts'
import { createPasswordLogins, type PasswordLoginDeps, YEAR_MS } from './password-logins.ts'

export type PasswordCheckDeps = PasswordLoginDeps & { report(event: string, detail: Record<string, unknown>): void }

/**
 * Signs in for each `password` target of a policy set that was loaded, so that one that cannot work is said when it is
 * configured and not by its first caller: `password.unusable` in the log. Once for a target and version of its secret, by one
 * instance of all: a fleet that each tried a wrong password would lock the account. The token stays in the broker. Never
 * rejects.
 */
export function createPasswordCheck({ report, ...deps }: PasswordCheckDeps) {
  const open = createPasswordLogins(deps)
  return async function check(targets: Iterable<Target>): Promise<void> {
    for (const { name, token } of targets) {
      if (token.kind !== 'password') continue
      await signInOnce(token).catch((error: unknown) => {
        const reason = error instanceof GatewayError ? error.reason : 'unexpected_error'
        report('password.unusable', { target: name, credential: token.credential, reason })
      })
    }
  }

  async function signInOnce(token: PasswordToken): Promise<void> {
    const { get, version, created } = await open(token)
    const names = [token.tenant, token.clientId, token.credential, version, token.resource]
    const checked = { kind: 'checked', names, filedUnder: created, expiresAt: deps.now() + YEAR_MS } as const
    if ((await deps.once.claim(checked)) === 'first') await get()
  }
}
