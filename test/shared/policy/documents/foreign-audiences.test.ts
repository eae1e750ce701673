import { describe, expect, it } from 'vitest'
import { CLOUDS } from '../../../../shared/azure/clouds.ts'
import { parsePolicySet } from '../../../../shared/policy/documents/policy-set.ts'
import { issuer } from '../../../support/policy/documents.ts'

const EXCHANGES = Object.values(CLOUDS).map(({ exchangeAudience }) => exchangeAudience)

describe('an issuer’s audiences', () => {
  it.each([...EXCHANGES, 'fb60f99c-7a34-4190-8149-302f77469936'])(
    'are never %s: what Entra’s token exchange is shown authenticates nobody here (T6)',
    (audience) => {
      const parsed = parsePolicySet([issuer('ci', { audiences: [audience] })])
      expect(parsed.ok ? [] : parsed.faults.map(({ pointer }) => pointer)).toEqual(['/0/audiences/0'])
    },
  )
})
