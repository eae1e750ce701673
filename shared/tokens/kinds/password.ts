import { z } from 'zod'
import { GatewayError } from '../../errors.ts'
import { Secret } from '../../secrets/secret.ts'
import type { Vault } from '../../secrets/vault.ts'
import type { Broker } from '../broker/broker.ts'
import type { EntraPort } from '../entra/entra-port.ts'
import { handOut, refuseNarrowing } from '../entra/handed-out.ts'
import type { Once } from '../once.ts'
import { readStoredCredential } from '../stored-credential.ts'
import type { TokenKind } from './kind.ts'

export type PasswordKindDeps = {
  broker: Broker
  entra: EntraPort
  /** The gateway's own vault. */
  vault: Vault
  once: Pick<Once, 'claim' | 'has'>
  report(event: string, detail: Record<string, unknown>): void
  now(): number
}

const Login = z.strictObject({ username: z.string().min(1).max(256), password: z.string().min(1).max(1_024) })

/**
 * Legacy: an Entra token by username and password. The stored credential is read and checked for form before anything is
 * recorded. A password that Entra refuses is tried again by nobody, on no instance and after no restart, before its secret
 * has another version: a fleet that each tried once would lock the account.
 */
export function createPasswordKind({
  broker,
  entra,
  vault,
  once,
  report,
  now,
}: PasswordKindDeps): TokenKind<'password'> {
  const warned = new Set<string>()
  return {
    kind: 'password',
    async plan(order) {
      refuseNarrowing(order)
      const { name, token } = order.target
      const { tenant, clientId, credential, resource } = token
      const stored = await readStoredCredential(vault, { name: credential, now: now() }, parseLogin)
      const { credential: login, version } = stored
      const refused = { kind: 'refused', names: [tenant, credential, version], filedUnder: stored.created } as const
      if (await once.has(refused)) throw new GatewayError('upstream_refused', 'credential_refused_before')
      // Once a process and target: a second factor cannot protect such a user, and nobody should forget that it is there.
      if (!warned.has(name)) report('password.legacy', { target: name, credential })
      warned.add(name)
      const fallback = `entra:${tenant}:app:${clientId}`
      return {
        handout: { reference: fallback },
        identifiedBy: 'result',
        async mint() {
          const key = { tenant, identity: `password:${credential}:${clientId}`, resource }
          const fetch = entra.byPassword({ tenant, clientId }, resource, login)
          const brokered = await broker
            .get(key, fetch, { credentialVersion: version })
            .catch(async (error: unknown) => {
              if (isRefusal(error)) await once.claim({ ...refused, expiresAt: now() + YEAR_MS }).catch(() => undefined)
              throw error
            })
          return handOut({ brokered, resource, fallback, maxTtlSeconds: order.obligations.maxTtlSeconds, now: now() })
        },
      }
    },
  }
}

const YEAR_MS = 365 * 24 * 3_600_000
const REFUSALS = ['upstream_invalid_grant', 'upstream_invalid_client']
const isRefusal = (error: unknown) => error instanceof GatewayError && REFUSALS.includes(error.reason)

function parseLogin(text: string): { username: string; password: Secret } | undefined {
  try {
    const { username, password } = Login.parse(JSON.parse(text))
    return { username, password: new Secret(password) }
  } catch {
    return undefined
  }
}
