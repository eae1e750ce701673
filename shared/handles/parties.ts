import type { Principal } from '../identity/principal.ts'
import { secretResource } from '../secrets/secret-ref.ts'
import type { Handle } from './handle.ts'

/** Who may look at a handle without any permit. */
export const isParty = (principal: Principal, handle: Handle) =>
  [handle.maker, handle.redeemer].includes(principal.id) && reaches(principal, handle)

/** The one principal that gets the value: not even the maker, when it named another. */
export const isRedeemer = (principal: Principal, handle: Handle) =>
  principal.id === handle.redeemer && reaches(principal, handle)

/** Whoever comes through a grant is its root by name and no more than the grant by right. */
const reaches = ({ through }: Principal, handle: Handle) =>
  through === undefined || through.covers('secret:get', secretResource(handle))
