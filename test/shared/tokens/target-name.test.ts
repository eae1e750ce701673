import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Target } from '../../../shared/policy/target.ts'
import { findTarget, type TargetDirectory } from '../../../shared/tokens/target-name.ts'

const target = (name: string, access: Target['access']): Target => ({
  kind: 'target',
  name,
  access,
  resources: [`https://${name}.test/`],
  token: { kind: 'jwt', audience: name, scopes: [], algorithm: 'ES256', maxTtlSeconds: 60 },
})

const targets = [target('ledger-api', 'write'), target('reports', 'read')]

const directory: TargetDirectory = {
  target: (name) => targets.find((each) => each.name === name),
  targetByResource: (uri) => targets.find((each) => each.resources.includes(uri)),
}

describe('findTarget', () => {
  it.each([
    [{ name: 'ledger-api' }, { name: 'ledger-api', action: 'token:issueWrite' }],
    [{ name: 'reports' }, { name: 'reports', action: 'token:issue' }],
    [{ resource: 'https://reports.test/' }, { name: 'reports', action: 'token:issue' }],
  ])('finds %j: `access` decides the action', (wanted, found) => {
    expect(findTarget(directory, wanted)).toEqual(found)
  })

  it('asks about an unknown name as about a write target (T20)', () => {
    expect(findTarget(directory, { name: 'no-such-thing' })).toEqual({
      name: 'no-such-thing',
      action: 'token:issueWrite',
    })
  })

  it('never lets words of the caller into a resource, unless they have the form of a name (T8, T26)', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('https://x.test/', '..', 'a/b', '*', 'a\r\nb', '_', '__proto__', 'A', '-a', `${'a'.repeat(64)}`),
    )
    fc.assert(
      fc.property(hostile, fc.boolean(), (text, byName) => {
        const { name } = findTarget(directory, byName ? { name: text } : { resource: text })
        expect(name === '_' || /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name)).toBe(true)
      }),
    )
  })
})
