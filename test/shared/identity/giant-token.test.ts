import { expect, it, vi } from 'vitest'
import { createDoor, KEY, outcome } from './support/door.ts'
import { entraClaims, token } from './support/tokens.ts'

const hashed = vi.hoisted(() => ({ lengths: [] as number[] }))

vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof import('node:crypto')>()
  const hash = ((...input: Parameters<typeof crypto.hash>) => {
    hashed.lengths.push(String(input[1]).length)
    return crypto.hash(...input)
  }) as typeof crypto.hash
  return { ...crypto, hash }
})

it('T29: 401 token_too_long for 17 KiB and 10 MB before any step over the text: no hash, decode, parse or split', async () => {
  const door = createDoor()
  await door.authenticate(token(entraClaims(), KEY))
  expect(hashed.lengths).not.toEqual([])
  hashed.lengths.length = 0
  const texts = [17 * 1_024, 10 * 1_024 * 1_024].map((length) => `eyJhbGciOiJSUzI1NiJ9.${'A'.repeat(length)}.AAAA`)
  const spies = [vi.spyOn(Buffer, 'from'), vi.spyOn(JSON, 'parse'), vi.spyOn(String.prototype, 'split')]
  const results = [await outcome(door, texts[0] ?? ''), await outcome(door, texts[1] ?? '')]
  const steps = spies.map(({ mock }) => mock.calls.length)
  vi.restoreAllMocks()
  expect(results).toEqual(['invalid_token token_too_long', 'invalid_token token_too_long'])
  expect(steps).toEqual([0, 0, 0])
  expect(hashed.lengths).toEqual([])
})
