import { expect, it } from 'vitest'
import { GatewayError } from '../../shared/errors.ts'
import { recorded } from '../../shared/recorded.ts'

const grantOf = (told: unknown[]) => ({
  succeeded: (handout?: unknown) => void told.push(['ok', handout]),
  failed: (error: unknown) => {
    told.push(['failed', error])
    return new GatewayError('conflict', 'with_receipt')
  },
})

it('gives what the act gives, after the RESULT with what was handed out (S7)', async () => {
  const told: unknown[] = []
  const act = async () => {
    expect(told).toEqual([])
    return { version: 'v1' }
  }
  expect(await recorded(grantOf(told), act, ({ version }) => ({ version }))).toEqual({ version: 'v1' })
  expect(told).toEqual([['ok', { version: 'v1' }]])
})

it('throws what the grant makes of a failure, once recorded as such and never as a success (S7)', async () => {
  const told: unknown[] = []
  const failure = new GatewayError('not_found', 'gone')
  await expect(recorded(grantOf(told), () => Promise.reject(failure))).rejects.toMatchObject({ reason: 'with_receipt' })
  expect(told).toEqual([['failed', failure]])
})
