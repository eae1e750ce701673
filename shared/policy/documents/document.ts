import { z } from 'zod'
import { canonicalJson } from './canonical-json.ts'
import { type Fault, faultsOf, sentenceOf } from './faults.ts'
import { IssuerDocument } from './issuer.ts'
import { ProbeDocument } from './probe.ts'
import { RoleDocument } from './role.ts'
import { RotationDocument } from './rotation.ts'
import { SecretRuleDocument } from './secret-rule.ts'
import { StatementDocument } from './statement.ts'
import { TargetDocument } from './target.ts'

/** Every kind of policy document; a later kind is one more entry. */
export const PolicyDocument = z.discriminatedUnion('kind', [
  IssuerDocument,
  RoleDocument,
  StatementDocument,
  TargetDocument,
  SecretRuleDocument,
  RotationDocument,
  ProbeDocument,
])

export type PolicyDocument = z.infer<typeof PolicyDocument>

/** Longest canonical text of a document, in characters: four columns of a table row. */
export const MAX_DOCUMENT_CHARACTERS = 120_000

/** `document` has defaults filled in; `text` is what the author wrote, canonical, and what is stored and hashed. */
export type AuthoredDocument = { document: PolicyDocument; text: string }

export type Parsed = ({ ok: true } & AuthoredDocument) | { ok: false; faults: Fault[] }

/** Checks one document by itself and gives every fault of it. `$schema`, for editors, is allowed and dropped. */
export function parseDocument(value: unknown): Parsed {
  const authored = withoutSchemaReference(value)
  const parsed = PolicyDocument.safeParse(authored, { error: sentenceOf })
  if (!parsed.success) return { ok: false, faults: faultsOf(parsed.error) }
  const text = canonicalJson(authored)
  if (text.length > MAX_DOCUMENT_CHARACTERS) {
    return {
      ok: false,
      faults: [{ pointer: '', detail: `must not be longer than ${MAX_DOCUMENT_CHARACTERS} characters` }],
    }
  }
  return { ok: true, document: parsed.data, text }
}

/** What names a document among those of its kind; also in table keys, where `/` may not stand. */
export function documentId(document: PolicyDocument): string {
  if (document.kind === 'statement') return document.id
  return document.kind === 'secretRule' ? document.secret.replaceAll('/', '|') : document.name
}

function withoutSchemaReference(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const { $schema, ...rest } = value as Record<string, unknown>
  return typeof $schema === 'string' ? rest : value
}
