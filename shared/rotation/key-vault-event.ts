import { z } from 'zod'
import { SECRET_NAME, SECRET_VERSION } from '../secrets/vault.ts'

/** What a vault tells about one version of a secret (learn.microsoft.com/azure/event-grid/event-schema-key-vault). */
export type KeyVaultEvent = {
  what: 'near_expiry' | 'expired' | 'new_version'
  /** Name of the vault, lower-case. */
  vault: string
  name: string
  version: string
}

const KINDS = {
  'Microsoft.KeyVault.SecretNearExpiry': 'near_expiry',
  'Microsoft.KeyVault.SecretExpired': 'expired',
  'Microsoft.KeyVault.SecretNewVersionCreated': 'new_version',
} as const

const Data = z.object({
  VaultName: z.string().regex(/^[0-9a-zA-Z-]{3,24}$/),
  ObjectName: z.string().regex(SECRET_NAME),
  Version: z.string().regex(SECRET_VERSION),
})

/** CloudEvents 1.0 says `type`, the Event Grid schema `eventType`. */
const Event = z.object({ type: z.string().optional(), eventType: z.string().optional(), data: z.unknown() })

const MAX_CHARACTERS = 98_304

/** Reads a message, as JSON or as base64 of JSON; undefined for whatever is no such event: anybody's text may be in a queue. */
export function readKeyVaultEvent(text: string): KeyVaultEvent | undefined {
  if (text.length > MAX_CHARACTERS) return undefined
  const event = Event.safeParse(parse(text) ?? parse(Buffer.from(text, 'base64').toString('utf8')))
  if (!event.success) return undefined
  const kind = event.data.type ?? event.data.eventType ?? ''
  if (!Object.hasOwn(KINDS, kind)) return undefined
  const data = Data.safeParse(event.data.data)
  if (!data.success) return undefined
  const { VaultName, ObjectName, Version } = data.data
  const what = KINDS[kind as keyof typeof KINDS]
  return { what, vault: VaultName.toLowerCase(), name: ObjectName.toLowerCase(), version: Version }
}

/** Event Grid can put several into one message; only the first counts, the scan finds the rest. */
function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value[0] : value
  } catch {
    return undefined
  }
}
