import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Secret } from '../../../shared/secrets/secret.ts'
import { rig } from '../../support/rig.ts'
import { failure, secretsOn } from '../../support/secrets.ts'

const local = rig()
const control = local.vaultControl('main')
const operator = secretsOn(local).azure.vault(`https://${local.account}-main.vault.azure.net`)
const put = async (name: string, value = 'v') => (await operator.set(name, { value: new Secret(value) })).version

beforeAll(async () => {
  await local.createStorage()
  for (const name of ['one', 'two', 'three', 'four', 'five']) await put(name)
})
afterEach(() => control.clear())

describe('single flight (B6)', () => {
  it('1,000 concurrent misses on one secret are exactly 1 call', async () => {
    const { read } = secretsOn(local)
    await control.clear()
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => read('one')))
    expect(answers.every((answer) => 'value' in answer && answer.value === 'v')).toBe(true)
    const { challenge: _, ...calls } = await control.counts()
    expect(calls).toEqual({ getSecret: 1 })
  })

  it('a failed load is one call too, and the next read tries again', async () => {
    const { read } = secretsOn(local)
    await control.fault({ kind: 'fail', status: 500, operation: 'getSecret' })
    const outcomes = await Promise.allSettled(Array.from({ length: 100 }, () => read('one')))
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
    expect(await read('one')).toMatchObject({ value: 'v' })
    expect((await control.counts())['getSecret']).toBe(2)
  })

  it('a missing secret is asked for once in 5 seconds', async () => {
    const { read, pass } = secretsOn(local)
    for (let n = 0; n < 20; n += 1) await expect(read('none')).rejects.toMatchObject({ code: 'secret_not_found' })
    expect((await control.counts())['getSecret']).toBe(1)
    await put('none')
    pass(6)
    expect(await read('none')).toMatchObject({ value: 'v' })
  })
})

describe('the gateway may not read the vault', () => {
  it('503, asked and reported once in 5 seconds, and no value of before is served', async () => {
    const { read, pass } = secretsOn(local)
    await read('one')
    pass(301)
    await control.clear()
    await control.fault({ kind: 'fail', status: 403, times: 99 })
    for (let n = 0; n < 20; n += 1) {
      await expect(read('one')).rejects.toMatchObject(failure('vault_unavailable', 'vault_forbidden'))
    }
    expect(await control.counts()).toEqual({ getSecret: 1 })
    await control.clear()
    pass(6)
    expect(await read('one')).toMatchObject({ value: 'v', stale: false })
  })
})

describe('the vault throttles', () => {
  it.each([
    { kind: 'throttle', retryAfterSeconds: 30 },
    { kind: 'fail', status: 503, retryAfterSeconds: 30 },
  ] as const)(
    'a value past its time serves and says so, for 5 minutes, with no call before Retry-After: %o',
    async (fault) => {
      const { read, pass } = secretsOn(local)
      await read('one')
      await control.clear()
      await control.fault({ ...fault, times: 99 })
      pass(301)
      expect(await read('one')).toMatchObject({ value: 'v', stale: true })
      for (let n = 0; n < 20; n += 1) expect(await read('one')).toMatchObject({ stale: true })
      await expect(read('two')).rejects.toMatchObject({
        ...failure('vault_unavailable', 'vault_throttled'),
        extras: { retryAfterSeconds: 30 },
      })
      expect(await control.counts()).toEqual({ getSecret: 1 })
      pass(29)
      await expect(read('two')).rejects.toMatchObject({ extras: { retryAfterSeconds: 1 } })
      expect(await control.counts()).toEqual({ getSecret: 1 })
      pass(1)
      expect(await read('one')).toMatchObject({ stale: true })
      expect(await control.counts()).toEqual({ getSecret: 2 })
      pass(300)
      await expect(read('one')).rejects.toMatchObject(failure('vault_unavailable', 'vault_throttled'))
      await control.clear()
      pass(30)
      expect(await read('one')).toMatchObject({ value: 'v', stale: false })
    },
  )

  it('a clock that is set back makes no hours of the seconds of Retry-After (T28)', async () => {
    const { read, pass } = secretsOn(local)
    await control.fault({ kind: 'throttle', retryAfterSeconds: 30, times: 99 })
    await expect(read('one')).rejects.toMatchObject(failure('vault_unavailable', 'vault_throttled'))
    await control.clear()
    pass(-3_600)
    expect(await read('one')).toMatchObject({ value: 'v', stale: false })
  })

  it('410: stale or not, an expired value is not served', async () => {
    const { read, pass, now, clock } = secretsOn(local)
    const expires = Math.ceil(now() / 1_000) * 1_000 + 310_000
    await operator.set('short', { value: new Secret('v'), expires })
    await read('short')
    await control.fault({ kind: 'throttle', times: 99 })
    pass(301)
    expect(await read('short')).toMatchObject({ stale: true })
    clock.at = expires
    await expect(read('short')).rejects.toMatchObject({ code: 'secret_expired' })
  })
})

describe('the vault is down', () => {
  it('503: cached values serve until their time and no longer', async () => {
    const { read, pass } = secretsOn(local)
    await read('one')
    await control.fault({ kind: 'reset', times: 99 })
    pass(269)
    expect(await read('one')).toMatchObject({ value: 'v', stale: false })
    pass(32)
    await expect(read('one')).rejects.toMatchObject(failure('vault_unavailable', 'vault_unreachable'))
  })

  it.each([{ kind: 'reset' }, { kind: 'fail', status: 500 }, { kind: 'garbage' }, { kind: 'redirect' }] as const)(
    'the breaker opens after 3 failures, lets one probe through, and closes by itself: %o',
    async (fault) => {
      const { read, pass, reports, secrets } = secretsOn(local)
      await control.fault({ ...fault, times: 99 })
      for (const name of ['one', 'two', 'three']) {
        await expect(read(name)).rejects.toMatchObject({ code: 'vault_unavailable' })
      }
      expect(secrets.status()).toEqual({ main: 'unavailable' })
      const { challenge: _, ...before } = await control.counts()
      await expect(read('four')).rejects.toMatchObject({
        ...failure('vault_unavailable', 'vault_breaker_open'),
        extras: { retryAfterSeconds: 5 },
      })
      const { challenge: __, ...after } = await control.counts()
      expect(after).toEqual(before)
      pass(5)
      const probes = await Promise.allSettled(['one', 'two', 'three', 'four', 'five'].map((name) => read(name)))
      const reasons = probes.map((probe) => (probe.status === 'rejected' ? probe.reason.reason : 'served'))
      expect(reasons.filter((reason) => reason === 'vault_breaker_open')).toHaveLength(4)
      await control.clear()
      pass(9)
      await expect(read('one')).rejects.toMatchObject({ reason: 'vault_breaker_open' })
      pass(1)
      expect(await read('one')).toMatchObject({ value: 'v' })
      expect(await read('two')).toMatchObject({ value: 'v' })
      expect(secrets.status()).toEqual({ main: 'ok' })
      expect(reports.map(({ event }) => event)).toContain('vault.recovered')
    },
  )

  it('what the vault refuses for good reason opens no breaker', async () => {
    const { read } = secretsOn(local)
    for (let n = 0; n < 10; n += 1)
      await expect(read(`missing-${n}`)).rejects.toMatchObject({ code: 'secret_not_found' })
    expect(await read('one')).toMatchObject({ value: 'v' })
  })
})

describe('the change marker', () => {
  const write = async (on: ReturnType<typeof secretsOn>, name: string, value: string) => {
    const ref = { vault: 'main', name }
    const grant = await on.admit('secret:set', ref)
    return on.secrets.set({ grant, ref }, { secret: { value: new Secret(value) }, precondition: {} })
  }

  it('a write through this instance shows at once, one through another at the next poll', async () => {
    const [here, there] = [secretsOn(local), secretsOn(local)]
    await put('marked', 'old')
    expect(await here.read('marked')).toMatchObject({ value: 'old' })
    expect(await there.read('marked')).toMatchObject({ value: 'old' })
    expect(await there.read('two')).toMatchObject({ value: 'v' })
    await write(here, 'marked', 'new')
    expect(await here.read('marked')).toMatchObject({ value: 'new' })
    expect(await there.read('marked')).toMatchObject({ value: 'old' })
    there.pass(10)
    await control.clear()
    expect(await there.read('marked')).toMatchObject({ value: 'new' })
    await there.read('two')
    expect((await control.counts())['getSecret']).toBe(1)
  })

  it('every instance’s change counts: 10 writes by 10 instances at once are 10 steps of the marker', async () => {
    const instances = Array.from({ length: 10 }, () => secretsOn(local))
    const before = Number((await instances[0]?.state.get('main', '_marker'))?.['sequence'] ?? 0)
    await Promise.all(instances.map((on, n) => write(on, `by-${n}`, 'v')))
    expect(Number((await instances[0]?.state.get('main', '_marker'))?.['sequence'])).toBe(before + 10)
    expect(instances.flatMap(({ reports }) => reports)).toEqual([])
  })

  it('more changes than the marker remembers, or a marker edited by hand, drop the whole vault', async () => {
    const on = secretsOn(local)
    await on.read('one')
    const row = await on.state.get('main', '_marker')
    if (!row) throw new Error('no marker')
    for (const change of [
      { sequence: Number(row['sequence']) + 500 },
      { recent: '{"no":"list"}', sequence: 7 },
      { sequence: 'x' },
    ]) {
      const now = await on.state.get('main', '_marker')
      await on.state.replace({ ...row, ...change }, now?.etag ?? '')
      on.pass(11)
      await control.clear()
      await on.read('one')
      expect((await control.counts())['getSecret']).toBe(1)
    }
  })
})
