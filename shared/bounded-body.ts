import type { IncomingMessage } from 'node:http'

/** Reads an answer of at most so many bytes; throws what `fail` makes of one that is longer, or was cut off. */
export async function readBounded(
  response: IncomingMessage,
  maxBytes: number,
  fail: (why: 'too_large' | 'truncated') => Error,
): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maxBytes) throw fail('too_large')
    chunks.push(chunk)
  }
  if (!response.complete) throw fail('truncated')
  return Buffer.concat(chunks)
}
