import { z } from 'zod'
import { Secret } from '../../secrets/secret.ts'

/** A key of a service account, as Google's JSON file has it. */
export type ServiceAccountKey = { email: string; keyId: string; privateKey: Secret }

const KeyFile = z.looseObject({
  type: z.literal('service_account'),
  client_email: z.string().max(256),
  private_key_id: z.string().max(128),
  private_key: z.string().startsWith('-----BEGIN PRIVATE KEY-----').max(8_192),
})

/** Reads such a file; its URLs are ignored: requests go to Google's own. Undefined when it is none. */
export function parseServiceAccountKey(text: string): ServiceAccountKey | undefined {
  try {
    const file = KeyFile.parse(JSON.parse(text))
    return { email: file.client_email, keyId: file.private_key_id, privateKey: new Secret(file.private_key) }
  } catch {
    return undefined
  }
}
