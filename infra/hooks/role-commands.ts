import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Assignment, roleTable } from '../../local/infra/rules/role-table.ts'
import { ofType } from '../../local/infra/rules/rule.ts'
import type { Snapshot } from '../../local/infra/snapshot.ts'
import { repositoryRoot } from '../../local/repository-root.ts'

type Environment = Record<string, string | undefined>

/** The deployment that the snapshots predict, in whose names those of the real one take the place of these. */
const PREDICTED = { subscription: '11111111-1111-4111-8111-111111111111' }
const PLACEHOLDERS: Record<string, string> = { 'api-key': '<secret to be read>', 'db-login': '<secret to be rotated>' }

/**
 * For a deployment with `assignRoles` false: what somebody who may assign roles has to run, from the committed prediction of the
 * same deployment with roles. Pure but for reading that file. `env` holds the outputs of the deployment.
 */
export function roleCommands(env: Environment): string[] {
  const environment = env['SALLYPORT_POLICY_API'] === 'true' ? 'dev' : 'prod'
  const name = `${environment}.public.roles.${env['SALLYPORT_VAULT_ACCESS'] ?? 'vault'}`
  const snapshot: Snapshot = JSON.parse(readFileSync(join(repositoryRoot, 'infra/snapshots', `${name}.json`), 'utf8'))
  const real = (text: string) => inDeployment(text, { env, environment, snapshot })
  const definitions = ofType(snapshot, 'Microsoft.Authorization/roleDefinitions').map(({ properties = {} }) => {
    const [permissions] = properties['permissions'] as [Record<string, unknown>]
    const { roleName, description, assignableScopes } = properties
    return real(
      `az role definition create --role-definition '${JSON.stringify({ Name: roleName, Description: description, ...capitals(permissions), AssignableScopes: assignableScopes })}'`,
    )
  })
  return [...definitions.sort(), ...roleTable(snapshot).map((row) => real(command(row, env)))]
}

function command({ who, role, roleName, principalType, scopeId }: Assignment, env: Environment): string {
  const ids = {
    gateway: env['SALLYPORT_PRINCIPAL_ID'],
    events: env['SALLYPORT_EVENTS_PRINCIPAL_ID'],
    deployer: env['AZURE_PRINCIPAL_ID'],
  }
  const type = who === 'deployer' ? (env['AZURE_PRINCIPAL_TYPE'] ?? 'User') : principalType
  return `az role assignment create --assignee-object-id ${ids[who] ?? `'<object id of ${who}>'`} --assignee-principal-type ${type} --role "${roleName ?? role}" --scope ${quoted(scopeId)}`
}

/** A placeholder comes in there, which a shell would take for a redirection. */
const quoted = (scope: string) => (scope.includes('/secrets/') ? `'${scope}'` : scope)

const capitals = (permissions: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(permissions).map(([key, value]) => [key.replace(/^./, (a) => a.toUpperCase()), value]),
  )

type Names = { env: Environment; environment: string; snapshot: Snapshot }

/** Tokens of 13 characters end all computed names; only a main vault that somebody named has another. */
function inDeployment(text: string, { env, environment, snapshot }: Names): string {
  const [data] = ofType(snapshot, 'Microsoft.Storage/storageAccounts').filter(({ name }) => name.startsWith('stdata'))
  const token = data?.name.slice('stdata'.length) ?? ''
  const replaced = [
    [PREDICTED.subscription, env['AZURE_SUBSCRIPTION_ID']],
    [`/resourceGroups/rg-${environment}`, `/resourceGroups/${env['AZURE_RESOURCE_GROUP']}`],
    [`kvmain-${token}`, env['SALLYPORT_MAIN_VAULT']],
    [`-${environment}-${token}`, `-${env['AZURE_ENV_NAME']}-${env['SALLYPORT_DATA_ACCOUNT']?.slice('stdata'.length)}`],
    [token, env['SALLYPORT_DATA_ACCOUNT']?.slice('stdata'.length)],
    ...Object.entries(PLACEHOLDERS).map(([name, placeholder]) => [`/secrets/${name}`, `/secrets/${placeholder}`]),
  ] as const
  return replaced.reduce((all, [from = '', to = '<not known>']) => all.replaceAll(from, to), text)
}
