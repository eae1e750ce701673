import { GatewayError } from '../errors.ts'
import type { NewSecret, SecretProperties, Vault } from './vault.ts'

/** One try of a write; `Attempt` of shared/http/idempotency.ts says what each field means. */
export type WriteAttempt = { id: string; repeated: boolean; answered: boolean }

/** Which operation wrote a version: the transaction of its first try. */
const OPERATION_TAG = 'sallyport-op'

export const tagged = (secret: NewSecret, attempt: WriteAttempt | undefined): NewSecret =>
  attempt ? { ...secret, tags: { ...secret.tags, [OPERATION_TAG]: attempt.id } } : secret

/**
 * The version that an earlier try wrote. Undefined when there was no earlier try or it did not come so far; throws
 * `idempotency_expired` when one was answered and its version has gone since (T42: it is never written anew).
 */
export async function findWritten(
  vault: Vault,
  name: string,
  { id, repeated, answered }: WriteAttempt,
): Promise<{ created: boolean; properties: SecretProperties } | undefined> {
  if (!repeated) return undefined
  const versions = await vault.versions(name)
  const properties = versions.find(({ tags }) => tags[OPERATION_TAG] === id)
  if (!properties && answered) throw new GatewayError('idempotency_expired', 'written_version_gone')
  if (!properties) return undefined
  const isLater = ({ created = 0 }: SecretProperties) => created > (properties.created ?? 0)
  return { properties, created: versions.every((other) => other === properties || isLater(other)) }
}
