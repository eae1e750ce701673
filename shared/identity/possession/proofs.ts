import { GatewayError } from '../../errors.ts'
import { type CheckedProof, checkProof, PROOF_WINDOW_MS, type ProofFault, type ProvedRequest } from './check-proof.ts'

/** A key that the sender of a request has proved to hold. */
export type Proof = {
  /** RFC 7638 thumbprint, SHA-256. */
  thumbprint: string
  /**
   * Takes the proof as used: once, on whatever instance (RFC 9449 §11.1). INVARIANT: called after the caller was
   * authenticated, else anybody could fill the table, and before anything is asked for it. Throws `invalid_dpop_proof` or
   * `storage_unavailable`.
   */
  use(): Promise<void>
}

/** Whether this happens for the first time; throws `storage_unavailable` when nobody can tell. */
export type ClaimProof = (occurrence: {
  kind: 'dpop'
  names: readonly string[]
  filedUnder: number
  expiresAt: number
}) => Promise<'first' | 'again'>

export type ProofsDeps = { claim: ClaimProof; frontDoor: string; now: () => number }

/** What is known of the request beside its `DPoP` header; `path` is percent-encoded as the host routed it. */
export type ProofRequest = Omit<ProvedRequest, 'uri'> & { path: string }

export type Proofs = {
  /** Verifies the value of the `DPoP` header. Throws `invalid_dpop_proof`. */
  verify(header: string, request: ProofRequest): Promise<Proof>
}

/** DPoP (RFC 9449): whose URI it is, is the setting `SALLYPORT_FRONT_DOOR`, never what the Host header says. */
export function createProofs({ claim, frontDoor, now }: ProofsDeps): Proofs {
  return {
    async verify(header, { path, ...request }) {
      const checked = await checkProof(header, { ...request, uri: frontDoor + path }, now())
      if ('fault' in checked) throw invalidProof(checked.fault)
      return { thumbprint: checked.thumbprint, use: () => use(checked) }
    },
  }

  async function use({ thumbprint, jti, issuedAt }: CheckedProof): Promise<void> {
    const names = [thumbprint, jti]
    const outcome = await claim({ kind: 'dpop', names, filedUnder: issuedAt, expiresAt: issuedAt + KEPT_MS })
    if (outcome === 'again') throw invalidProof('proof_replayed')
  }
}

/** Beyond the window by the most that two instances' clocks may differ. */
const KEPT_MS = 5 * PROOF_WINDOW_MS

export const invalidProof = (fault: ProofFault) => new GatewayError('invalid_dpop_proof', fault)
