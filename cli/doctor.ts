import identities from '../local/seed/identities.json' with { type: 'json' }
import { createAzure } from '../shared/azure/azure.ts'
import { type Config, loadConfig } from '../shared/config.ts'
import { checkClock, checkIdentity, checkIssuer, checkProxy, checkStorage, checkVault } from './doctor-checks.ts'
import { checkDns } from './doctor-dns.ts'
import { checkRoles } from './doctor-roles.ts'
import { answerOf, type Finding } from './finding.ts'
import { localRun, stateFolder } from './local-state.ts'
import type { Call, Verb } from './verb.ts'

/** The data storage account of a local run. */
const LOCAL_ACCOUNT = 'sallyportdev'

export const doctor: Verb = {
  name: 'doctor',
  usage: '[--state DIR] [--json]',
  summary:
    'Looks at configuration, identity, DNS, storage, vaults, issuer, clock and roles, and says how to mend what is wrong.',
  run: async (call) => answerOf(await examine(call)),
}

/** Settings in the environment are a gateway's own, examined where it runs; without them it is about a local run. */
async function examine(call: Call): Promise<Finding[]> {
  const isLocal = call.values['state'] !== undefined || !call.env['SALLYPORT_ISSUER']
  const subject = isLocal ? await localSubject(call) : ownSubject(call)
  if ('fault' in subject) return [subject.fault]
  const { config, azure, identity, ownObjectId } = subject
  const aliases = [...config.vaults].map(([alias, url]) => [`vault ${alias}`, url] as const)
  const vaults = [...aliases, ['gateway vault', config.gatewayVault] as const]
  const reached = await Promise.all([
    checkIdentity(identity, azure),
    checkDns(config),
    checkStorage(config, azure),
    ...vaults.map(([name, url]) => checkVault(name, url, azure)),
    checkIssuer(config, azure),
  ])
  const configuration = {
    name: 'configuration',
    ok: true,
    says: `${config.mode}, ${config.cloud}, issuer ${config.issuer}`,
  }
  // Who the gateway is, is known from its first token on.
  const roles = await checkRoles(config, azure, ownObjectId())
  return [configuration, ...reached, checkClock(azure), ...roles, ...checkProxy(call.env)]
}

type Subject =
  | {
      config: Config
      azure: ReturnType<typeof createAzure>
      identity: string
      /** Of the gateway's identity, which a local run's operator is not. */
      ownObjectId: () => string | undefined
    }
  | { fault: Finding }

function ownSubject({ env }: Call): Subject {
  try {
    const config = loadConfig(env)
    const azure = createAzure(config)
    return { config, azure, identity: config.identity.described, ownObjectId: () => azure.ownIds()[0] }
  } catch (error) {
    // loadConfig names settings and what they should be, never their values.
    const [says = '', ...mend] = (error instanceof Error ? error.message : 'is wrong').split('\n')
    return { fault: { name: 'configuration', ok: false, says, mend: mend.map((line) => line.trim()).join('; ') } }
  }
}

async function localSubject(call: Call): Promise<Subject> {
  const { config, operator } = await localRun(stateFolder(call), LOCAL_ACCOUNT)
  const azure = createAzure(config, { openCredential: async () => operator })
  const gateway = identities.managedIdentities.find(({ name }) => name === 'gateway')
  return { config, azure, identity: 'operator of the local run', ownObjectId: () => gateway?.objectId }
}
