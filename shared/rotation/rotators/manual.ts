import type { ManualRotation } from '../by-hand.ts'
import { RotationFault, type Rotator } from '../rotator.ts'

/** A person makes the value new, where it is used and in the vault (by-hand.ts waits for it): there is nothing to make, try or end. */
export const manual: Rotator<ManualRotation> = {
  create: async () => {
    throw new RotationFault('made_by_hand', { final: true })
  },
  set: async () => {},
  verify: async () => {},
  retire: async () => {},
  undo: async () => {},
}
