import { roleCommands } from './role-commands.ts'

type Environment = Record<string, string | undefined>

/** What is left to do after a deployment: tell, run once, or run until a role that was just assigned counts. */
export type Step =
  | { say: readonly string[] }
  | { run: readonly string[]; until: 'allowed'; otherwise: string }
  | { lockJournal: { account: string; group: string } }

/** `azd` hands the deployment's outputs over in the environment. Pure, but for the prediction that roleCommands reads. */
export function stepsAfterProvision(env: Environment): Step[] {
  // Another variable than the parameter's own: the next deployment must not assign roles either.
  if (env['SALLYPORT_ASSIGN_ROLES'] === 'false' && env['SALLYPORT_ROLES_DONE'] !== 'true')
    return [{ say: rolesFirst(env) }]
  return [...policySteps(env), ...journalSteps(env)]
}

const rolesFirst = (env: Environment) => [
  'Roles were not assigned (assignRoles is false), and nothing works without them. Have somebody who may assign them run:',
  '',
  ...roleCommands(env),
  '',
  'docs/azure-roles-and-cost.md lists them, and those of targets, rotatedAccounts and review, which are not above. Afterwards:',
  '  azd env set SALLYPORT_ROLES_DONE true && azd hooks run postprovision',
]

function policySteps(env: Environment): Step[] {
  const folder = env['SALLYPORT_POLICIES']
  if (!folder) {
    const why = 'No policies are applied: the gateway refuses everything until there are some. Next:'
    return [{ say: [why, '  azd env set SALLYPORT_POLICIES <folder> && azd hooks run postprovision'] }]
  }
  const issuer = env['SALLYPORT_ISSUER'] ? ['--issuer', env['SALLYPORT_ISSUER']] : []
  const where = ['--table-endpoint', env['SALLYPORT_TABLE_ENDPOINT'] ?? '']
  const run = ['npm', 'exec', 'sallyport', '--', 'policy', 'apply', '--dir', folder, ...where, ...issuer]
  const otherwise = 'Policies could not be applied; the lines above say why. Behind a private network, run it inside.'
  return [{ run, until: 'allowed', otherwise }]
}

function journalSteps(env: Environment): Step[] {
  const [account, group] = [env['SALLYPORT_DATA_ACCOUNT'], env['AZURE_RESOURCE_GROUP']]
  return env['SALLYPORT_LOCK_JOURNAL'] === 'true' && account && group ? [{ lockJournal: { account, group } }] : []
}
