import { z } from 'zod'
import { Guid, Name } from '../primitives.ts'
import { EntraResource } from './entra.ts'
import { entraNeedsResource, GoogleProvider, GoogleServiceAccount, GoogleSubject } from './google.ts'

/** Where the Google ID token comes from that the application registration trusts; never what the caller authenticates with. */
const GoogleIdentity = z.union([
  /** A service account that the gateway impersonates, by the way of kind `google`. */
  z
    .strictObject({ provider: GoogleProvider, ...GoogleSubject, serviceAccount: GoogleServiceAccount })
    .superRefine(entraNeedsResource),
  /** A service account's key: secret `ext-<credential>` of the gateway vault holds Google's JSON file. */
  z.strictObject({ credential: Name }),
  /** The metadata server, where the gateway itself runs on Google. */
  z.literal('metadata'),
  /**
   * The caller passes it as `subject_token` of a token exchange, beside its own authentication. Only this service account's:
   * `sub` is its unique id, and `email` where the document names one. No other form lets a caller pass anything.
   */
  z.strictObject({
    passed: z.strictObject({
      subject: z.string().regex(/^\d{6,30}$/, 'must be the unique id of a service account: digits'),
      email: GoogleServiceAccount.optional(),
    }),
  }),
])

/** An Entra token for an application registration that trusts `https://accounts.google.com` as a federated credential. */
export const EntraFromGoogleToken = z.strictObject({
  kind: z.literal('entra-from-google'),
  tenant: Guid,
  clientId: Guid,
  resource: EntraResource,
  google: GoogleIdentity,
})

export type EntraFromGoogleToken = z.infer<typeof EntraFromGoogleToken>
