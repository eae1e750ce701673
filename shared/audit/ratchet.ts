import { hash, hkdfSync } from 'node:crypto'
import { GatewayError } from '../errors.ts'
import type { Secret } from '../secrets/secret.ts'
import { hmacOnce } from './hmac.ts'

const KEY_BYTES = 32
const RATCHET = Buffer.from('ratchet')
const HEAD_BYTES = 16 + 8 + 32
const UINT32 = 2 ** 32
/** 256 bits in base64url take 43; anything shorter is not a key but an accident. */
const MIN_MASTER_CHARACTERS = 32

/** What stands for the MAC before the first entry of a writer. */
export const NO_MAC: Uint8Array = new Uint8Array(KEY_BYTES)

export type Ratchet = {
  /** Sequence number the current key is for. */
  seq(): number
  /** `HMAC(K_i, wid ‖ i ‖ previous ‖ body)`; i as 8 bytes, big-endian. All parts before the body have a fixed length. */
  mac(previous: Uint8Array, body: string): Buffer
  /** `K_{i+1} = SHA-256("ratchet" ‖ K_i)`; K_i is overwritten, so a stolen process cannot rewrite its past. */
  advance(): void
  /** Overwrites the key; the ratchet is of no use afterwards. */
  forget(): void
}

/** Starts the chain of one writer: `K_0 = HKDF-SHA256(journal-master, "sallyport journal" ‖ wid)`. */
export function createRatchet(master: Secret, wid: string): Ratchet {
  const head = Buffer.alloc(HEAD_BYTES)
  head.write(wid, 0, 'hex')
  const first = derive(master, Buffer.concat([Buffer.from('sallyport journal'), head.subarray(0, 16)]))
  const step = Buffer.concat([RATCHET, first])
  first.fill(0)
  const key = step.subarray(RATCHET.length)
  let seq = 0
  return {
    seq: () => seq,
    mac(previous, body) {
      head.writeUInt32BE(Math.floor(seq / UINT32), 16)
      head.writeUInt32BE(seq % UINT32, 20)
      head.set(previous, 24)
      return hmacOnce(key, head, body)
    },
    advance() {
      const next = hash('sha256', step, 'buffer')
      key.set(next)
      next.fill(0)
      seq++
    },
    forget: () => void key.fill(0),
  }
}

/** Names the master a writer used without telling anything about it: 16 base64url characters. */
export function keyIdOf(master: Secret): string {
  return derive(master, Buffer.from('sallyport journal key id')).toString('base64url').slice(0, 16)
}

function derive(master: Secret, info: Buffer): Buffer {
  return master.within((text) => {
    if (text.length < MIN_MASTER_CHARACTERS) throw new GatewayError('keys_unavailable', 'journal_master_too_short')
    const bytes = Buffer.from(text)
    const derived = Buffer.from(hkdfSync('sha256', bytes, '', info, KEY_BYTES))
    bytes.fill(0)
    return derived
  })
}
