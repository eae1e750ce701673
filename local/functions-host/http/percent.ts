/*
 * Percent-decoding as ASP.NET Core does it: valid UTF-8 sequences are decoded once, anything malformed stays as it was
 * sent. decodeURIComponent would throw on the second kind.
 */

const HEX = /^[0-9a-fA-F]{2}$/
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** `keep` names bytes that stay encoded (a path keeps `%2F`). */
export function decodePercent(text: string, keep?: number): string {
  if (!text.includes('%')) return text
  let decoded = ''
  let at = 0
  while (at < text.length) {
    const next = text.indexOf('%', at)
    if (next === -1) break
    decoded += text.slice(at, next)
    const found = sequenceAt(text, next, keep)
    decoded += found?.char ?? '%'
    at = next + (found?.length ?? 1)
  }
  return decoded + text.slice(at)
}

function sequenceAt(
  text: string,
  start: number,
  keep: number | undefined,
): { char: string; length: number } | undefined {
  const first = byteAt(text, start)
  if (first === undefined || first === keep) return undefined
  if (first < 0x80) return { char: String.fromCharCode(first), length: 3 }
  const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0
  const bytes: number[] = []
  for (let index = 0; index < size; index++) {
    const byte = byteAt(text, start + 3 * index)
    if (byte === undefined) return undefined
    bytes.push(byte)
  }
  try {
    return size === 0 ? undefined : { char: decoder.decode(Uint8Array.from(bytes)), length: 3 * size }
  } catch {
    return undefined
  }
}

function byteAt(text: string, at: number): number | undefined {
  const hex = text.slice(at + 1, at + 3)
  return text[at] === '%' && HEX.test(hex) ? Number.parseInt(hex, 16) : undefined
}
