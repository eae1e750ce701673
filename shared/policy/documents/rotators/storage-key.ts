import { z } from 'zod'

/** ARM id of a storage account, as the portal shows it. */
const ACCOUNT =
  /^\/subscriptions\/[0-9a-f-]{36}\/resourceGroups\/[A-Za-z0-9._()-]{1,90}\/providers\/Microsoft\.Storage\/storageAccounts\/[a-z0-9]{3,24}$/

/** The two keys of a storage account, in turn: the one that nobody uses is made anew and published. */
export const StorageKeySettings = z.strictObject({
  account: z
    .string()
    .regex(ACCOUNT, 'must be /subscriptions/…/resourceGroups/…/providers/Microsoft.Storage/storageAccounts/…'),
  /** What the secret holds. */
  form: z.enum(['key', 'connectionString']).default('key'),
})

export type StorageKeySettings = z.infer<typeof StorageKeySettings>
