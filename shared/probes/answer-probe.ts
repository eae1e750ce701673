import { GatewayError } from '../errors.ts'
import type { Decision, Question } from '../policy/decision.ts'
import { Name } from '../policy/documents/primitives.ts'
import type { ProbeDocument } from '../policy/documents/probe.ts'
import type { OwnTokens } from '../tokens/own-token.ts'
import { PROBE_SUBJECT, PROBE_TYP } from './probe-token.ts'
import { type Proof, prove } from './prove.ts'

export type ProbeAnswer = { probe: string; revision: number; cases: Proof[] }

type ProbeSet = { revision: number; probe(name: string): ProbeDocument | undefined }

export type ProbeAnswerDeps = {
  own: Pick<OwnTokens, 'read'>
  issuer: string
  policy: { fresh(): Promise<void>; current(): ProbeSet }
  decide(question: Question, at: number): Decision
  now(): number
}

/** The door's side of a probe. */
export function createProbeAnswers({ own, issuer, policy, decide, now }: ProbeAnswerDeps) {
  return {
    /**
     * Whether the credential is a probe token of ours for this probe; false for everything that is no probe token at all. Throws
     * `invalid_token` for one that is not good, or for another probe.
     */
    async isProbe(token: string, name: string): Promise<boolean> {
      if (!claimsToBeProbe(token)) return false
      const read = await own.read(token, PROBE_TYP)
      const isOurs = read?.claims['aud'] === issuer && read.sub === PROBE_SUBJECT && read.target === name
      if (!isOurs) throw new GatewayError('invalid_token', 'probe_token')
      return true
    },
    /** What the set in force says to the probe's cases; throws `not_found`, `no_policy`, `policy_unavailable`. */
    async answer(name: string): Promise<ProbeAnswer> {
      await policy.fresh()
      const set = policy.current()
      const probe = set.probe(name)
      if (!probe) throw new GatewayError('not_found', 'no_such_probe', { detail: 'there is no probe of this name' })
      return { probe: name, revision: set.revision, cases: prove(probe, decide, now()) }
    },
  }
}

/** Of a path; throws `invalid_request`. */
export function probeName(text = ''): string {
  if (Name.safeParse(text).success) return text
  throw new GatewayError('invalid_request', 'probe_name', {
    detail: 'the name of a probe has 1 to 63 of a-z, 0-9 and -',
  })
}

export type ProbeAnswers = ReturnType<typeof createProbeAnswers>

/** By its header alone, which proves nothing: everything else goes the way of all callers. */
function claimsToBeProbe(token: string): boolean {
  try {
    const header: unknown = JSON.parse(Buffer.from(token.split('.', 1)[0] ?? '', 'base64url').toString())
    return typeof header === 'object' && header !== null && 'typ' in header && header.typ === PROBE_TYP
  } catch {
    return false
  }
}
