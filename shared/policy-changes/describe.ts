import { readText } from '../policy/plan/parse-with-others.ts'
import type { Version } from '../policy/storage/version-row.ts'
import { tagOf } from './next-set.ts'
import type { Proposal } from './proposals.ts'
import type { ListPoliciesQuery } from './request.ts'

/** A document as answers show it. */
export function describePolicy(version: Version) {
  const { kind, id, manager, since, text } = version
  return { kind, id, etag: `"${tagOf(version)}"`, manager, since, document: readText(text) }
}

export function describeProposal({ sha256, change, writer, revision, state, approver, expiresAt }: Proposal) {
  const { kind, id, text } = change
  return {
    ...{ sha256, kind, id, act: text === undefined ? 'delete' : 'put' },
    ...(text !== undefined && { document: readText(text) }),
    ...{ writer, revision, state },
    ...(approver !== undefined && { approver }),
    expires: new Date(expiresAt).toISOString(),
  }
}

/** One page of the documents, by kind and name. */
export function pageOfPolicies(versions: readonly Version[], { kind, limit, after = '' }: ListPoliciesQuery) {
  const found = versions
    .filter((one) => (kind === undefined || one.kind === kind) && positionOf(one) > after)
    .sort((a, b) => (positionOf(a) < positionOf(b) ? -1 : 1))
  const value = found.slice(0, limit)
  const last = value.at(-1)
  return { value, next: found.length > limit && last ? positionOf(last) : undefined }
}

const positionOf = ({ kind, id }: Pick<Version, 'kind' | 'id'>) => `${kind}/${id}`
