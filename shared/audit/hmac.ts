import { createHmac, hash } from 'node:crypto'

const BLOCK = 64
const DIGEST = 32
const MAX_MESSAGE = 28_000

const inner = Buffer.alloc(BLOCK + MAX_MESSAGE)
const outer = Buffer.alloc(BLOCK + DIGEST)

/**
 * HMAC-SHA256 (RFC 2104) of `head ‖ UTF-8(text)` under a 32-byte key that is used once. `createHmac` prepares each new key for
 * 7 to 20 µs, and the journal has a new key per entry; two one-shot hashes cost 4 µs. Tests compare it with `createHmac`.
 */
export function hmacOnce(key: Uint8Array, head: Uint8Array, text: string): Buffer {
  const room = MAX_MESSAGE - head.length
  // A UTF-16 unit takes at most three bytes: only a longer text could be cut by `write`.
  if (text.length * 3 > room && Buffer.byteLength(text) > room) {
    return createHmac('sha256', key).update(head).update(text, 'utf8').digest()
  }
  pad(inner, key, 0x36)
  inner.set(head, BLOCK)
  const length = inner.write(text, BLOCK + head.length, 'utf8')
  pad(outer, key, 0x5c)
  outer.write(digest(inner.subarray(0, BLOCK + head.length + length)), BLOCK, 'latin1')
  const mac = Buffer.from(digest(outer), 'latin1')
  inner.fill(0, 0, BLOCK)
  outer.fill(0, 0, BLOCK)
  return mac
}

/** As text of one character a byte: a digest that Node gives as a Buffer costs three times as much. No secret: it is a MAC or half of one. */
const digest = (bytes: Uint8Array) => hash('sha256', bytes, 'binary')

function pad(target: Buffer, key: Uint8Array, byte: number): void {
  target.fill(byte, 0, BLOCK)
  for (let index = 0; index < DIGEST; index++) target[index] = byte ^ (key[index] ?? 0)
}
