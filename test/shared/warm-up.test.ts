import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createWarmUp } from '../../shared/warm-up.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function watched(checkIdentity = async () => {}) {
  const calls = { start: vi.fn(), ready: vi.fn(async () => {}), follow: vi.fn(), report: vi.fn() }
  const config = { identity: { described: 'managed' }, mode: 'local', version: '1', cloud: 'AzurePublic' }
  const warmUp = createWarmUp({
    config: config as Parameters<typeof createWarmUp>[0]['config'],
    azure: { checkIdentity, identityTrouble: () => ({ reason: 'no_token' }) },
    keys: calls,
    policy: calls,
    journal: calls,
    now: Date.now,
    report: calls.report,
  })
  return { warmUp, ...calls }
}

test('begins by itself a moment after the start, once, and records the start', async () => {
  const { warmUp, start, ready, follow } = watched()
  expect(start).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(250)
  warmUp.begin()
  await vi.advanceTimersByTimeAsync(1_000)
  expect([start, ready, follow].map(({ mock }) => mock.calls.length)).toEqual([1, 1, 1])
  expect(follow).toHaveBeenCalledWith(expect.objectContaining({ event: 'gateway.started' }))
})

test('begins with the first caller, and not again', async () => {
  const { warmUp, start } = watched()
  warmUp.begin()
  expect(start).toHaveBeenCalledOnce()
  await vi.advanceTimersByTimeAsync(1_000)
  expect([start.mock.calls.length, vi.getTimerCount()]).toEqual([1, 0])
})

test('says an identity that cannot work by name, at the start', async () => {
  const { warmUp, report, follow } = watched(() => Promise.reject(new Error('no')))
  warmUp.begin()
  await vi.advanceTimersByTimeAsync(0)
  expect(report).toHaveBeenCalledWith('identity.unusable', { identity: 'managed', reason: 'no_token' })
  expect(follow).toHaveBeenCalledOnce()
})

test('never begins in a process that has closed', async () => {
  const { warmUp, start } = watched()
  warmUp.cancel()
  warmUp.begin()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(start).not.toHaveBeenCalled()
})
