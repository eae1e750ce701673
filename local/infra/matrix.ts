export type Case = {
  name: string
  environment: 'dev' | 'prod'
  network: 'public' | 'privateData' | 'private'
  assignRoles: boolean
  vaultAccess: 'vault' | 'perSecret'
}

const ENVIRONMENTS = ['dev', 'prod'] as const
const NETWORKS = ['public', 'privateData', 'private'] as const
const ACCESSES = ['vault', 'perSecret'] as const

/** Every combination that is checked: each is one file of infra/snapshots. */
export const MATRIX: readonly Case[] = ENVIRONMENTS.flatMap((environment) =>
  NETWORKS.flatMap((network) =>
    [true, false].flatMap((assignRoles) =>
      ACCESSES.map((vaultAccess) => ({
        name: [environment, network, assignRoles ? 'roles' : 'no-roles', vaultAccess].join('.'),
        environment,
        network,
        assignRoles,
        vaultAccess,
      })),
    ),
  ),
)

/** The text of env/<environment>.bicepparam with the parameters of the case. */
export function parametersOf(text: string, { network, assignRoles, vaultAccess }: Omit<Case, 'name'>): string {
  const grants = `[{ secret: 'api-key', access: 'read' }, { secret: 'db-login', access: 'rotate' }]`
  const values: Record<string, string> = {
    network: `'${network}'`,
    assignRoles: String(assignRoles),
    vaultAccess: `'${vaultAccess}'`,
    ...(vaultAccess === 'perSecret' && { secretGrants: grants }),
    ...(network === 'private' && { publicIssuer: `'static'`, staticIssuer: `'https://issuer.example.com'` }),
  }
  return Object.entries(values).reduce((all, [name, value]) => replaceParameter(all, name, value), text)
}

/** Throws where there is no such parameter: a case that changes nothing would prove nothing. */
export function replaceParameter(text: string, name: string, value: string): string {
  const line = new RegExp(`^param ${name} = .*$`, 'm')
  if (!line.test(text)) throw new Error(`the parameter file has no line for ${name}`)
  return text.replace(line, () => `param ${name} = ${value}`)
}
