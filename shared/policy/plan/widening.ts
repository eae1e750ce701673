import type { Action } from '../actions.ts'
import type { PrincipalSelector } from '../documents/principals.ts'

/** One thing that a new set grants and the old one did not. */
export type Widening = {
  /**
   * `permission`: an act that nothing permitted. `condition`, `period`: one that was permitted under more conditions or for
   * another time. `obligation`: less is asked for it. `forbid`: a permit is no longer held back. `issuer`: tokens that were not
   * accepted. `target`: tokens that could not be had, or not so. `rotation`, `other`: something that acts by itself.
   */
  kind: 'permission' | 'condition' | 'period' | 'obligation' | 'forbid' | 'issuer' | 'target' | 'rotation' | 'other'
  /** `statement/billing-reads`: the document that brings it. */
  document: string
  /** A sentence without a full stop. */
  because: string
  /** Whom it may help. */
  principals: readonly PrincipalSelector[]
  actions: readonly Action[]
  resources: readonly string[]
}

export const EVERYBODY: readonly PrincipalSelector[] = [{ any: true, explicit: true }]
