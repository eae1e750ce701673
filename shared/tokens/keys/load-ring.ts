import { GatewayError } from '../../errors.ts'
import type { Secret } from '../../secrets/secret.ts'
import type { Vault } from '../../secrets/vault.ts'
import type { KeyStoreDeps } from './bootstrap.ts'
import { SIGNING_SECRETS, type SymmetricKey } from './key-names.ts'
import type { KeyRows, SigningRow } from './key-row.ts'
import { isStrong } from './symmetric-key.ts'
import { type TrustedKey, trustRow } from './trusted-key.ts'

/** Everything the process signs and publishes with, as of one reading of table `keys`. */
export type Ring = {
  loadedAt: number
  signing: readonly TrustedKey[]
  /** Rows that are not served: not well-formed, or not what the vault says. */
  leftOut: number
  journalMaster: Secret
  valueHmac: Secret
}

/**
 * Makes a ring of the rows. `before` spares the vault most questions, and answers them while it is down; without it,
 * a vault that cannot answer fails the whole (`keys_unavailable`), so that no process starts with half a ring.
 */
export async function loadRing(deps: KeyStoreDeps, rows: KeyRows, before?: Ring): Promise<Ring> {
  const { vault, now, report } = deps
  const loadedAt = now()
  const leave = (row: Pick<SigningRow, 'alg' | 'kid'>, why: string) =>
    report('keys.left_out', { secret: SIGNING_SECRETS[row.alg], kid: row.kid.slice(0, 64), why })
  const [journalMaster, valueHmac, ...trusts] = await Promise.all([
    before?.journalMaster ?? symmetricKey(vault, rows, 'journal-master'),
    before?.valueHmac ?? symmetricKey(vault, rows, 'value-hmac'),
    ...rows.signing.map(async (row) => {
      const known = before?.signing.find(({ alg, kid }) => alg === row.alg && kid === row.kid)
      return { row, trust: await trustRow(row, { vault, known, now: loadedAt }) }
    }),
  ])
  const signing: TrustedKey[] = []
  for (const { row, trust } of trusts) {
    if ('left_out' in trust) leave(row, trust.left_out)
    else if (!('unknown' in trust)) signing.push(trust)
    else if (before) leave(row, trust.unknown)
    else throw unavailable(trust.unknown)
  }
  if (rows.malformed.length > 0) report('keys.malformed_rows', { count: rows.malformed.length })
  const leftOut = trusts.length - signing.length + rows.malformed.length
  return { loadedAt, signing, leftOut, journalMaster, valueHmac }
}

async function symmetricKey(vault: Vault, { symmetric }: KeyRows, wanted: SymmetricKey): Promise<Secret> {
  const row = symmetric.find(({ name }) => name === wanted)
  if (!row) throw unavailable('symmetric_row_malformed')
  const { value, enabled } = await vault.get(wanted, row.secretVersion)
  if (!enabled || !isStrong(value)) throw unavailable('symmetric_key_unusable')
  return value
}

const unavailable = (reason: string) => new GatewayError('keys_unavailable', reason, { retryAfterSeconds: 2 })
