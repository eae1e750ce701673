import { NO_MAC, type Ratchet } from './ratchet.ts'

/** One entry with its place in the chain: `body` is the exact text that was MACed and is stored. */
export type Link = { seq: number; body: string; mac: string }

export type Chain = {
  readonly wid: string
  /** Gives the entry its sequence number and MAC, at once. `text` is a JSON object of {@link encodeEntry}. */
  append(text: string): Link
  forget(): void
}

/** The chain of one writer, from its first entry on. */
export function createChain(wid: string, ratchet: Ratchet): Chain {
  let previous: Uint8Array = NO_MAC
  return {
    wid,
    append(text) {
      const seq = ratchet.seq()
      const body = `{"seq":${seq},${text.slice(1)}`
      const mac = ratchet.mac(previous, body)
      ratchet.advance()
      previous = mac
      return { seq, body, mac: mac.toString('base64url') }
    },
    forget: ratchet.forget,
  }
}
