import { z } from 'zod'
import { GatewayError } from '../../errors.ts'
import { compileSet } from '../../policy/compile-set.ts'
import { parsePolicySet } from '../../policy/documents/policy-set.ts'
import type { Snapshot } from '../../policy/snapshot.ts'
import type { ReplayJob } from './job-row.ts'

/** A whole set, as it would be applied. */
export const ReplayRequest = z.strictObject({
  documents: z.array(z.record(z.string(), z.unknown())).min(1).max(20_000),
  days: z.int().min(1).max(92),
})

export const MAX_REPLAY_BYTES = 4 * 1024 * 1024

/** The proposed set, compiled; throws `invalid_document` with every fault. `forbiddenIssuer`: the gateway's own. */
export function proposedSet(documents: readonly unknown[], now: number, forbiddenIssuer?: string): Snapshot {
  const parsed = parsePolicySet(documents, { forbiddenIssuer })
  if (parsed.ok) return compileSet(parsed.documents, now)
  const detail = 'the documents are not valid'
  throw new GatewayError('invalid_document', 'invalid_documents', { detail, errors: parsed.faults })
}

export const REPLAY_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Of a path; throws `invalid_request`. */
export function replayId(text = ''): string {
  if (REPLAY_ID.test(text)) return text
  throw new GatewayError('invalid_request', 'replay_id', { detail: 'the id of a replay is a lower-case GUID' })
}

/** Milliseconds. */
export const lastDays = (days: number, now: number) => ({ from: now - days * 24 * 3_600_000, to: now })

export const RETRY_AFTER_SECONDS = 2

/** How a replay stands, as its callers see it. */
export function replayAnswer({ id, by, state, startedAt, entries, reason, result }: ReplayJob) {
  const known = { id, by, state, startedAt: new Date(startedAt).toISOString(), entries }
  const json = { ...known, ...(reason && { reason }), ...(result && { result }) }
  if (state !== 'running') return { status: 200, json }
  return { status: 202, headers: { 'Retry-After': String(RETRY_AFTER_SECONDS) }, json }
}
