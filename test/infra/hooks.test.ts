import { describe, expect, it } from 'vitest'
import { stepsAfterProvision } from '../../infra/hooks/after-provision.ts'
import { policyOf } from '../../infra/hooks/journal-lock.ts'
import { roleCommands } from '../../infra/hooks/role-commands.ts'
import { roleTable } from '../../local/infra/rules/role-table.ts'
import { predicted } from './snapshots.ts'

const OUTPUTS = {
  AZURE_ENV_NAME: 'blue',
  AZURE_SUBSCRIPTION_ID: '33333333-3333-4333-8333-333333333333',
  AZURE_RESOURCE_GROUP: 'rg-blue',
  AZURE_PRINCIPAL_ID: 'deployer-id',
  SALLYPORT_PRINCIPAL_ID: 'gateway-id',
  SALLYPORT_EVENTS_PRINCIPAL_ID: 'events-id',
  SALLYPORT_DATA_ACCOUNT: 'stdataaaaaaaaaaaaaa',
  SALLYPORT_MAIN_VAULT: 'contoso-secrets',
  SALLYPORT_TABLE_ENDPOINT: 'https://stdataaaaaaaaaaaaaa.table.core.windows.net',
  SALLYPORT_ISSUER: 'https://gateway.example.com',
  SALLYPORT_VAULT_ACCESS: 'vault',
  SALLYPORT_POLICY_API: 'false',
}

describe('after a deployment without roles', () => {
  const snapshot = predicted({ name: 'prod.public.roles.vault' })
  const commands = roleCommands(OUTPUTS)
  const assignments = commands.filter((line) => line.startsWith('az role assignment create'))

  it('each role of the prediction is one command, in the names of the real deployment', () => {
    expect(assignments.length).toBe(roleTable(snapshot).length)
    const all = commands.join('\n')
    expect(all).not.toMatch(/rg-prod|-prod-|11111111-1111|undefined|<not known>|'\[|\[reference/)
    expect(all).toContain(
      'az role assignment create --assignee-object-id gateway-id --assignee-principal-type ServicePrincipal --role "Sallyport rotator aaaaaaaaaaaaa" --scope /subscriptions/33333333-3333-4333-8333-333333333333/resourceGroups/rg-blue/providers/Microsoft.KeyVault/vaults/contoso-secrets',
    )
    expect(assignments.filter((line) => line.includes('deployer-id'))).toHaveLength(1)
    expect(assignments.filter((line) => line.includes('events-id'))).toHaveLength(1)
  })

  it('the two custom roles come first, with what they may', () => {
    const definitions = commands.slice(0, 2).map((line) => JSON.parse(line.replace(/^[^']*'|'$/g, '')))
    expect(definitions).toMatchObject([
      { Name: 'Sallyport appender aaaaaaaaaaaaa', DataActions: expect.arrayContaining([expect.any(String)]) },
      {
        Name: 'Sallyport rotator aaaaaaaaaaaaa',
        AssignableScopes: [expect.stringMatching(/resourceGroups\/rg-blue$/)],
      },
    ])
  })

  it('single secrets have a place to put their name in', () => {
    const lines = roleCommands({ ...OUTPUTS, SALLYPORT_VAULT_ACCESS: 'perSecret' }).join('\n')
    expect(lines).toMatch(/"Key Vault Secrets User" --scope '\S+contoso-secrets\/secrets\/<secret to be read>'/)
    expect(lines).not.toMatch(/api-key|db-login/)
  })

  it('nothing else is tried before somebody has assigned them', () => {
    const steps = stepsAfterProvision({ ...OUTPUTS, SALLYPORT_ASSIGN_ROLES: 'false', SALLYPORT_LOCK_JOURNAL: 'true' })
    expect(steps).toEqual([{ say: expect.arrayContaining(commands) }])
    const done = { SALLYPORT_ASSIGN_ROLES: 'false', SALLYPORT_ROLES_DONE: 'true', SALLYPORT_POLICIES: 'policies' }
    expect(stepsAfterProvision({ ...OUTPUTS, ...done })).toEqual([expect.objectContaining({ until: 'allowed' })])
  })
})

describe('after a deployment with roles', () => {
  it('policies are applied where there are any, else it is said what comes next', () => {
    expect(stepsAfterProvision({ ...OUTPUTS, SALLYPORT_POLICIES: 'policies' })).toEqual([
      expect.objectContaining({
        run: [
          ...['npm', 'exec', 'sallyport', '--', 'policy', 'apply', '--dir', 'policies', '--table-endpoint'],
          ...[OUTPUTS.SALLYPORT_TABLE_ENDPOINT, '--issuer', OUTPUTS.SALLYPORT_ISSUER],
        ],
      }),
    ])
    expect(stepsAfterProvision(OUTPUTS)).toEqual([{ say: expect.any(Array) }])
  })

  it('the checkpoints are locked when the parameters say so, and only then', () => {
    const lock = { lockJournal: { account: OUTPUTS.SALLYPORT_DATA_ACCOUNT, group: 'rg-blue' } }
    expect(stepsAfterProvision({ ...OUTPUTS, SALLYPORT_LOCK_JOURNAL: 'true' })).toContainEqual(lock)
    expect(stepsAfterProvision({ ...OUTPUTS, SALLYPORT_LOCK_JOURNAL: 'false' })).not.toContainEqual(lock)
  })

  it('an answer of az that is none locks nothing', () => {
    expect(policyOf('{"etag":"\\"8D\\"","state":"Unlocked"}')).toEqual({ etag: '"8D"', state: 'Unlocked' })
    for (const text of [null, '', 'ERROR', '{}', '{"state":"Unlocked","etag":""}'])
      expect(policyOf(text)).toBeUndefined()
  })
})
