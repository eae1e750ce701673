import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Compiler } from './compiler.ts'
import { judge } from './rules/all.ts'
import type { Snapshot } from './snapshot.ts'

type Mutation = { what: string; file: string; from: string; to: string; says: RegExp }

/** Slips that a hurried change of the sources could make. Those of test/infra/mutations.test.ts change the prediction instead. */
export const MUTATIONS: readonly Mutation[] = [
  {
    what: 'shared key on',
    file: 'modules/dataStorage.bicep',
    from: 'allowSharedKeyAccess: false',
    to: 'allowSharedKeyAccess: true',
    says: /stdata\w+: properties\.allowSharedKeyAccess is true/,
  },
  {
    what: 'TLS down',
    file: 'modules/hostStorage.bicep',
    from: `minimumTlsVersion: 'TLS1_2'`,
    to: `minimumTlsVersion: 'TLS1_0'`,
    says: /minimumTlsVersion is "TLS1_0"/,
  },
  {
    what: 'a public container',
    file: 'modules/dataStorage.bicep',
    from: `publicAccess: 'None'`,
    to: `publicAccess: 'Blob'`,
    says: /publicAccess is "Blob"/,
  },
  {
    what: 'a role on the whole data account',
    file: 'modules/roles.bicep',
    from: `scope: data::tables::policies\n  name: guid(data::tables::policies.id, principalId, 'policies')`,
    to: `scope: data\n  name: guid(data::tables::policies.id, principalId, 'policies')`,
    says: /on all of stdata/,
  },
  {
    what: 'a key in an output',
    file: 'modules/hostStorage.bicep',
    from: 'resource account ',
    to: 'output key string = account.listKeys().keys[0].value\n\nresource account ',
    says: /outputs-should-not-contain-secrets/,
  },
  {
    what: 'no diagnostics of the events',
    file: 'modules/events.bicep',
    from: '  scope: topic\n',
    to: '  scope: vault\n',
    says: /systemTopics \S+: no diagnostic setting/,
  },
  {
    what: 'purge protection off',
    file: 'modules/vaults.bicep',
    from: 'enablePurgeProtection: true',
    to: 'enablePurgeProtection: false',
    says: /enablePurgeProtection is false/,
  },
  {
    what: 'basic authentication of deployments on',
    file: 'modules/functionApp.bicep',
    from: `    name: 'scm'\n    properties: { allow: false }`,
    to: `    name: 'scm'\n    properties: { allow: true }`,
    says: /scm: properties\.allow is true/,
  },
]

/** Changes one property in a copy of the sources, in `folder`, compiles it and gives a fault when nobody speaks of it. */
export async function tryMutation(compiler: Compiler, mutation: Mutation, folder: string): Promise<string[]> {
  const { what, file, from, to, says } = mutation
  const text = readFileSync(join(folder, file), 'utf8')
  if (text.split(from).length !== 2) return [`mutation "${what}": ${file} does not hold it once: ${from}`]
  writeFileSync(
    join(folder, file),
    text.replace(from, () => to),
  )
  const said = await whatIsSaid(compiler, folder, file)
  return says.test(said) ? [] : [`mutation "${what}" is not noticed in the words ${says}, but: ${said}`]
}

/** By the linter, which stops the compiler, or else by the rules. */
async function whatIsSaid({ snapshot, compile }: Compiler, folder: string, file: string): Promise<string> {
  const predicted = await snapshot(join(folder, 'env', 'dev.bicepparam')).catch(() => undefined)
  if (predicted === undefined) {
    const { diagnostics } = await compile(join(folder, file))
    return diagnostics.map(({ code, message }) => `${code}: ${message}`).join('\n')
  }
  const asInDev = { network: 'public', assignRoles: true, vaultAccess: 'vault' } as const
  return judge(JSON.parse(predicted) as Snapshot, asInDev).join('\n')
}
