import { hashToken } from '../../audit/token-hash.ts'
import type { BlastRadius } from '../blast-radius.ts'
import { type StorageFacts, urlOf } from '../storage/place.ts'
import { planSas } from '../storage/plan-sas.ts'
import type { SasOrder, SignedSas, SignSas } from '../storage/sas.ts'
import type { TokenKind } from './kind.ts'

export type StorageSasDeps = StorageFacts & { sign: SignSas }

/** What a SAS is called in a token exchange (RFC 8693 §3: any URI): it is no access token, so `token_type` is `N_A`. */
const SAS_TOKEN_TYPE = 'urn:sallyport:token-type:storage-sas'

/** User-delegation SAS for blobs, queues and tables, signed under the gateway's identity. */
export function createStorageSasKind({ sign, ...facts }: StorageSasDeps): TokenKind<'storage-sas'> {
  return {
    kind: 'storage-sas',
    async plan(order) {
      const sas = planSas(order, facts)
      const handout = { ...correlation(sas), expiresAt: new Date(sas.expiresAt * 1_000).toISOString() }
      return {
        handout,
        // Only the blob service knows a correlation id; any other SAS is known by its own hash.
        identifiedBy: sas.place.service === 'blob' ? 'intent' : 'result',
        async mint() {
          const signed = await sign(sas)
          return {
            token: signed.text,
            tokenType: 'N_A',
            issuedTokenType: SAS_TOKEN_TYPE,
            parts: { url: urlOf(sas.place) },
            blastRadius: blastRadius(sas, signed),
            handout: { ...handout, tokenHash: hashToken(signed.text) },
            source: signed.source,
          }
        },
      }
    },
  }
}

const correlation = ({ place, correlationId }: SasOrder) => place.service === 'blob' && { reference: correlationId }

function blastRadius({ place, permissions, expiresAt, address, holder }: SasOrder, { signer }: SignedSas): BlastRadius {
  const isPreview = place.service !== 'blob' || holder?.how === 'required'
  return {
    expiresAt: new Date(expiresAt * 1_000).toISOString(),
    revocable: 'account',
    scope: permissions.join(' '),
    boundTo: [
      `resource:${urlOf(place)}`,
      'protocol:https',
      ...(address ? [`address:${[address.start, address.end].filter(Boolean).join('-')}`] : []),
      ...(holder?.how === 'required' ? [`holder:entra:${holder.tenant}:${holder.objectId}`] : []),
    ],
    issuedAs: `entra:${signer.tenant}:${signer.objectId}`,
    ...(isPreview && { preview: true }),
  }
}
