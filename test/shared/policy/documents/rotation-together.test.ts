import { describe, expect, it } from 'vitest'
import { parsePolicySet } from '../../../../shared/policy/documents/policy-set.ts'

const rotation = (fields: Record<string, unknown>) => ({
  ...{ kind: 'rotation', name: 'it', secret: 'main/it', every: '30d', rotator: 'generate', owner: 'team' },
  ...fields,
})
const faultsOf = (...documents: object[]) => {
  const parsed = parsePolicySet(documents, { forbiddenIssuer: 'https://gateway.example' })
  return parsed.ok ? [] : parsed.faults.map(({ pointer, detail }) => `${pointer} ${detail}`)
}

describe('rotation documents', () => {
  it('are taken', () => {
    expect(faultsOf(rotation({}))).toEqual([])
  })

  it('are refused for a secret that another one rotates', () => {
    expect(faultsOf(rotation({}), rotation({ name: 'other' }))).toEqual([
      '/1/secret is rotated by another document too',
    ])
  })

  it('are refused where they call the gateway itself (own_app)', () => {
    const settings = { url: 'https://gateway.example/v1/rotations/it/runs' }
    expect(faultsOf(rotation({ rotator: 'webhook', settings }))).toEqual(['/0/settings/url is this gateway itself'])
  })

  it.each([
    [{ rotator: 'telepathy' }, '/0/rotator', 'generate'],
    [{ every: undefined }, '/0/every', 'manual'],
    [{ cron: '0 3 * * *' }, '/0/cron', 'every'],
    [{ overlap: '30d', retire: { deadline: '1d' } }, '/0/overlap', 'deadline'],
    [{ family: { name: 'pair', spacing: '30d' } }, '/0/family/spacing', 'every'],
    [{ secret: 'Main/../x' }, '/0/secret', 'vault alias'],
    [{ settings: { length: 8 } }, '/0/settings/length', '16'],
    [{ verify: { successes: 0 } }, '/0/verify/successes', '1'],
    [{ onFailure: { attempts: 1_000 } }, '/0/onFailure/attempts', '20'],
    [{ blackout: [{ from: '2026-01-02T00:00:00Z', until: '2026-01-01T00:00:00Z' }] }, '/0/blackout/0', 'end after'],
    [{ mode: 'sometimes' }, '/0/mode', 'auto'],
    [{ extra: 1 }, '/0/extra', 'not a known field'],
  ])('are refused with a pointer and what is allowed: %j', (fields, pointer, allowed) => {
    const faults = faultsOf(rotation(fields))
    expect(
      faults.some((fault) => fault.startsWith(pointer) && fault.includes(allowed)),
      faults.join('\n'),
    ).toBe(true)
  })
})
