import type { Through } from '../identity/principal.ts'
import type { Maker } from './handle.ts'
import { createHandleRows, type HandleRows, type HandleRowsDeps } from './handle-rows.ts'

type Links = {
  /** No handle delivers later than this after its maker's own token was validated. */
  maxSeconds: number
  /** The limits of a grant by its id, when it is alive; throws `access_denied` with the reason, `approval_required`, `storage_unavailable`. */
  throughOf(grant: string): Promise<Through>
  /** Whether the issuer that vouched for the maker is trusted still. */
  isTrusted(maker: Maker): boolean
}

export type Handles = HandleRows & Links

export const createHandles = ({ table, seal, report, ...links }: HandleRowsDeps & Links): Handles => ({
  ...createHandleRows({ table, seal, report }),
  ...links,
})
