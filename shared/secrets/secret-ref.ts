import { z } from 'zod'
import { GatewayError } from '../errors.ts'
import { SECRET_NAME, SECRET_VERSION } from './vault.ts'

/** A secret as callers name it: the alias of a vault, never a URL, and a name in lower case. */
export type SecretRef = { vault: string; name: string }

const VAULT_ALIAS = /^[a-z][a-z0-9-]{0,30}$/

const refused = (reason: string, detail: string) => new GatewayError('invalid_request', reason, { detail })

/**
 * Checks what names a secret in a path, before it becomes part of a resource or a URL (T17); malformed is `invalid_request`
 * for everybody, so it tells nothing. INVARIANT: the name is lower-cased here, and only here: Key Vault ignores case, so a
 * second spelling of a forbidden name would otherwise slip past the statement that forbids the first.
 */
export function secretRef({ vault, name }: Readonly<Record<string, string>>): SecretRef {
  return { vault: vaultAlias(vault), name: secretName(name) }
}

export function vaultAlias(text: string | undefined): string {
  if (text === undefined || !VAULT_ALIAS.test(text)) {
    throw refused('vault_alias_malformed', 'a vault is named by its alias: a-z, 0-9 and -, at most 31 characters')
  }
  return text
}

function secretName(text: string | undefined): string {
  if (text === undefined || !SECRET_NAME.test(text)) {
    throw refused('secret_name_malformed', 'a secret name has 1 to 127 characters of 0-9, a-z, A-Z and -')
  }
  return text.toLowerCase()
}

export function secretVersion(text: string | undefined): string {
  if (text === undefined || !SECRET_VERSION.test(text)) {
    throw refused('secret_version_malformed', 'a version has 32 hexadecimal digits in lower case')
  }
  return text
}

/** The same checks for an item of a body. */
export const SecretItem = z.strictObject({
  vault: z.string().regex(VAULT_ALIAS),
  name: z.string().regex(SECRET_NAME).toLowerCase(),
  version: z.string().regex(SECRET_VERSION).optional(),
})

/** What policies are asked about. */
export const secretResource = ({ vault, name }: SecretRef): string => `secret/${vault}/${name}`
