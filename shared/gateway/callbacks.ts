import { readFileSync } from 'node:fs'
import { type CallOut, createCallOut } from '../callbacks/call-out.ts'
import { createSignCallback, type SignCallback } from '../callbacks/sign-callback.ts'
import type { Config } from '../config.ts'
import type { KeyRing } from '../tokens/keys/key-ring.ts'

/** Calls to somebody else's server, signed: one and the same for rotations and events. */
export type Callbacks = { callOut: CallOut; signCallback: SignCallback }

type Deps = { config: Config; keys: Pick<KeyRing, 'signer'>; now: () => number }

/** Its part of the composition root. */
export const composeCallbacks = ({ config, keys, now }: Deps): Callbacks => ({
  callOut: createCallOut({
    allowed: config.callbackHosts,
    ...(config.local && { localCa: readFileSync(config.local.caPath, 'utf8') }),
  }),
  signCallback: createSignCallback({ keys, now }),
})
