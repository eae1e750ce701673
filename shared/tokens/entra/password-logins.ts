import { z } from 'zod'
import { GatewayError } from '../../errors.ts'
import type { PasswordToken } from '../../policy/documents/target-kinds/password.ts'
import { Secret } from '../../secrets/secret.ts'
import type { Vault } from '../../secrets/vault.ts'
import type { Broker, Brokered } from '../broker/broker.ts'
import type { Once } from '../once.ts'
import { readStoredCredential } from '../stored-credential.ts'
import type { EntraPort } from './entra-port.ts'

export type PasswordLoginDeps = {
  broker: Broker
  entra: EntraPort
  /** The gateway's own vault. */
  vault: Vault
  once: Pick<Once, 'claim' | 'has'>
  now(): number
}

/** A stored user name and password that may be tried. */
export type PasswordLogin = {
  get(): Promise<Brokered>
  /** The secret's version, and when that was made (milliseconds). */
  version: string
  created: number
}

const Login = z.strictObject({ username: z.string().min(1).max(256), password: z.string().min(1).max(1_024) })

/**
 * Sign-ins of `password` targets. A password that Entra refuses is tried again by nobody, on no instance and after no restart,
 * before its secret has another version: a fleet that each tried once would lock the account. Opening throws
 * `upstream_refused` for what is missing, malformed or was refused before.
 */
export function createPasswordLogins({ broker, entra, vault, once, now }: PasswordLoginDeps) {
  return async function open({ tenant, clientId, credential, resource }: PasswordToken): Promise<PasswordLogin> {
    const stored = await readStoredCredential(vault, { name: credential, now: now() }, parseLogin)
    const { credential: login, version, created } = stored
    const refused = { kind: 'refused', names: [tenant, credential, version], filedUnder: created } as const
    if (await once.has(refused)) throw new GatewayError('upstream_refused', 'credential_refused_before')
    const key = { tenant, identity: `password:${credential}:${clientId}`, resource }
    const fetch = entra.byPassword({ tenant, clientId }, resource, login)
    const get = () =>
      broker.get(key, fetch, { credentialVersion: version }).catch(async (error: unknown) => {
        if (isRefusal(error)) await once.claim({ ...refused, expiresAt: now() + YEAR_MS }).catch(() => undefined)
        throw error
      })
    return { get, version, created }
  }
}

export const YEAR_MS = 365 * 24 * 3_600_000
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
