export type Case = {
  name: string
  environment: 'dev' | 'prod'
  network: 'public' | 'privateData' | 'private'
  assignRoles: boolean
  vaultAccess: 'vault' | 'perSecret'
  /** Everything that is off by default. */
  options?: boolean
}

const ENVIRONMENTS = ['dev', 'prod'] as const
const NETWORKS = ['public', 'privateData', 'private'] as const
const ACCESSES = ['vault', 'perSecret'] as const

const COMBINATIONS: readonly Case[] = ENVIRONMENTS.flatMap((environment) =>
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

const WITH_OPTIONS: Case = {
  name: 'prod.privateData.options',
  ...{ environment: 'prod', network: 'privateData', assignRoles: true, vaultAccess: 'vault', options: true },
}

/** Everything that is checked: each is one file of infra/snapshots. */
export const MATRIX: readonly Case[] = [...COMBINATIONS, WITH_OPTIONS]

/** One resource of each kind, in a group that is not the gateway's. */
const OPTIONS = [
  `param targets = [${['blobRead', 'blobWrite', 'queue', 'table', 'registryPull', 'webPubSub']
    .map((access) => `{ resourceGroup: 'rg-apps', name: 'for${access.toLowerCase()}', access: '${access}' }`)
    .join(', ')}]`,
  `param rotatedAccounts = [{ resourceGroup: 'rg-apps', name: 'rotated' }]`,
  'param review = true',
  `param pageAccount = { resourceGroup: 'rg-apps', name: 'issuerpage' }`,
]

/** The text of env/<environment>.bicepparam with the parameters of the case. */
export function parametersOf(text: string, { network, assignRoles, vaultAccess, options }: Omit<Case, 'name'>): string {
  const grants = `[{ secret: 'api-key', access: 'read' }, { secret: 'db-login', access: 'rotate' }]`
  const values: Record<string, string> = {
    network: `'${network}'`,
    assignRoles: String(assignRoles),
    vaultAccess: `'${vaultAccess}'`,
    ...(vaultAccess === 'perSecret' && { secretGrants: grants }),
    ...((network === 'private' || options) && {
      publicIssuer: `'static'`,
      staticIssuer: `'https://issuer.example.com'`,
    }),
  }
  const replaced = Object.entries(values).reduce((all, [name, value]) => replaceParameter(all, name, value), text)
  return options ? `${replaced}\n${OPTIONS.join('\n')}\n` : replaced
}

/** Throws where there is no such parameter: a case that changes nothing would prove nothing. */
export function replaceParameter(text: string, name: string, value: string): string {
  const line = new RegExp(`^param ${name} = .*$`, 'm')
  if (!line.test(text)) throw new Error(`the parameter file has no line for ${name}`)
  return text.replace(line, () => `param ${name} = ${value}`)
}
