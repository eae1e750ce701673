import { createAzure } from '../../../shared/azure/azure.ts'
import { applyPolicies } from '../../../shared/policy/apply.ts'
import { loadDocuments } from '../../../shared/policy/load-documents.ts'
import type { TestRig } from '../rig.ts'
import type { Caller } from '../tenant.ts'
import type { Dependency } from './expected.ts'
import { createFaultyLink, type Fault } from './faulty-link.ts'
import type { Names } from './subject.ts'

/** The secrets of all rows hold this: it may stand in the answer to a permitted read and nowhere else. */
export const VALUE = 'kept-51d07e'

/** The cold gateway of a row writes another secret: writers of one wait for each other. */
export const namesOf = (dependency: Dependency, fault: Fault, temperature: 'warm' | 'cold'): Names => {
  const row = `stripe-${dependency}-${fault}`.toLowerCase().replaceAll(' ', '-')
  return { cached: `${row}-a`, uncached: `${row}-b`, written: `${row}-${temperature}` }
}

/** Storage, policies, secrets and callers' tokens of a test file. */
export async function prepareMatrix(local: TestRig, rows: readonly { dependency: Dependency; fault: Fault }[]) {
  await local.createStorage()
  const documents = await loadDocuments('local/seed/policies')
  await applyPolicies({ table: asOperator(local).table('policies'), documents, now: Date.now })
  const vault = await local.operatorVault('main')
  const names = rows.map(({ dependency, fault }) => namesOf(dependency, fault, 'warm'))
  await Promise.all(
    names.flatMap(({ cached, uncached }) => [vault.setSecret(cached, VALUE), vault.setSecret(uncached, VALUE)]),
  )
  const callers: Caller[] = ['billing-app', 'deploy-app']
  const tokens = await Promise.all(callers.map(async (who) => [who, await local.callerToken(who)] as const))
  return new Map<Caller, string>(tokens)
}

/** Azure without the gateway's identity, whose endpoint may be in trouble. */
export function asOperator(local: TestRig) {
  const openCredential = async () => ({
    getToken: async (scopes: string | string[]) => {
      const token = await local.operatorToken(String([scopes].flat()[0]).replace('/.default', ''))
      return { token, expiresOnTimestamp: Date.now() + 3_600_000 }
    },
  })
  return createAzure(local.config(), { openCredential })
}

/** Each gateway may have its own way to these; the identity endpoint is one for the whole process. */
export type Linked = Exclude<Dependency, 'identity endpoint'>

type Upstream = { hosts: string[]; origin: string }

function upstreamOf({ account, addresses }: TestRig, dependency: Linked): Upstream {
  return {
    storage: { hosts: [`${account}.table.core.windows.net`], origin: addresses.table },
    'main vault': { hosts: [`${account}-main.vault.azure.net`], origin: addresses.vaults.main },
    'gateway vault': { hosts: [`${account}-gateway.vault.azure.net`], origin: addresses.vaults.gateway },
    issuer: { hosts: ['login.microsoftonline.com', 'sts.windows.net'], origin: addresses.identity },
  }[dependency]
}

/** A link before a dependency, and the routes that lead over it. */
export async function openLink(local: TestRig, dependency: Linked, ahead: () => number) {
  const { hosts, origin } = upstreamOf(local, dependency)
  const link = await createFaultyLink({ upstream: origin, stateDir: local.stateDir, ahead })
  return { link, links: Object.fromEntries(hosts.map((host) => [host, link.address])) }
}
