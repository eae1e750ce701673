import type { KeyVaultSecret, SecretProperties as SdkProperties } from '@azure/keyvault-secrets'
import { GatewayError } from '../errors.ts'
import { Secret } from '../secrets/secret.ts'
import { SECRET_NAME, SECRET_VERSION, type SecretProperties, type VaultSecret } from '../secrets/vault.ts'
import { GarbledAnswer } from './failure.ts'

/** 2038-01-19T03:14:07Z: the SDK cuts seconds to 32 bits, so year 2040 would become 1903. */
const LATEST_MS = 2_147_483_647_000

/** A time as the SDK may have it; throws `invalid_request` beyond what it can carry. */
export function toDate(milliseconds: number): Date {
  if (!Number.isFinite(milliseconds) || milliseconds < 1_000 || milliseconds > LATEST_MS) {
    throw new GatewayError('invalid_request', 'time_past_2038', {
      detail: 'times must lie before 2038-01-19T03:14:07Z',
    })
  }
  return new Date(milliseconds)
}

/** Throws `invalid_request` before any call: `getSecret('.')` would list the vault (T17). */
export function checkName(name: string): void {
  if (!SECRET_NAME.test(name)) throw new GatewayError('invalid_request', 'secret_name_malformed')
}

export function checkVersion(version: string): void {
  if (!SECRET_VERSION.test(version)) throw new GatewayError('invalid_request', 'secret_version_malformed')
}

export type Asked = { name: string; version?: string | undefined }

/** Seals the value of a `get` at once: the SDK's own object prints it (T19). An answer about another secret is garbled. */
export function readSecret(answer: KeyVaultSecret, asked: Asked & { resource: string | undefined }): VaultSecret {
  if (typeof answer.value !== 'string') throw new GarbledAnswer()
  const properties = readProperties(answer.properties, asked)
  if (!properties.version) throw new GarbledAnswer()
  return { ...properties, value: new Secret(answer.value, asked.resource) }
}

/** Key Vault compares names without case. In a list the newest version has no id: `version` is empty there. */
export function readProperties(sdk: SdkProperties, asked?: Asked): SecretProperties {
  const { name, version = '', enabled = true, contentType, notBefore, expiresOn, createdOn, updatedOn, tags } = sdk
  if (!SECRET_NAME.test(name) || (version !== '' && !SECRET_VERSION.test(version))) throw new GarbledAnswer()
  if (asked && name.toLowerCase() !== asked.name.toLowerCase()) throw new GarbledAnswer()
  if (asked?.version && version !== asked.version) throw new GarbledAnswer()
  return {
    name,
    version,
    enabled: enabled === true,
    ...(typeof contentType === 'string' && { contentType }),
    ...(notBefore && { notBefore: notBefore.getTime() }),
    ...(expiresOn && { expires: expiresOn.getTime() }),
    ...(createdOn && { created: createdOn.getTime() }),
    ...(updatedOn && { updated: updatedOn.getTime() }),
    tags: readTags(tags),
  }
}

function readTags(tags: unknown): Record<string, string> {
  const entries = Object.entries(tags ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return Object.fromEntries(entries)
}
