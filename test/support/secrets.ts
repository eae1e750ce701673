import { createHmac } from 'node:crypto'
import type { Entry } from '../../shared/audit/entry.ts'
import { createAzure } from '../../shared/azure/azure.ts'
import { GatewayError } from '../../shared/errors.ts'
import { createGate, type Grant } from '../../shared/gate.ts'
import type { Action } from '../../shared/policy/actions.ts'
import type { Obligations } from '../../shared/policy/decision.ts'
import { type Asked, handOut, type Sealed } from '../../shared/secrets/read.ts'
import { type SecretRef, secretResource } from '../../shared/secrets/secret-ref.ts'
import { createSecrets } from '../../shared/secrets/secrets.ts'
import { memoryLimits } from './limits.ts'
import { principal } from './principal.ts'
import type { TestRig } from './rig.ts'

/** 2026-11-25, near the run's own time, so that the servers' dates make sense. */
const START = Date.now()

/**
 * The secrets slice on the run's servers with a clock of its own, behind the real door with a policy that permits what the
 * test says. The journal keeps its entries in memory, or fails.
 */
export function secretsOn(local: TestRig, { cacheSeconds = 300 }: { cacheSeconds?: number } = {}) {
  const azure = createAzure(local.config())
  const state = azure.table('secretState')
  const mainUrl = `https://${local.account}-main.vault.azure.net`
  const clock = { at: START }
  const entries: Entry[] = []
  const reports: Record<string, unknown>[] = []
  const policy = { denied: new Set<string>(), obligations: {} as Obligations, journalFails: false }
  const now = () => clock.at
  const instance = () =>
    createSecrets({
      vaults: new Map([['main', azure.vault(mainUrl, 'main')]]),
      state,
      cacheSeconds,
      hashValue: async (value) => value.within((text) => createHmac('sha256', 'key').update(text).digest('base64url')),
      now,
      report: (event, detail) => reports.push({ event, ...detail }),
    })
  const gate = createGate({
    decide: ({ resource }) => ({
      effect: policy.denied.has(resource) ? 'deny' : 'permit',
      reason: 'test',
      statementIds: [],
      reported: [],
      obligations: policy.obligations,
      revision: 1,
    }),
    refreshPolicy: async () => undefined,
    limits: memoryLimits(now),
    journal: {
      record: async (entry) => {
        if (policy.journalFails) throw new GatewayError('journal_unavailable', 'test')
        entries.push(entry)
        return { wid: 'w', seq: entries.length, macPrefix: 'm' }
      },
      follow: (entry) => void entries.push(entry),
      close: async () => undefined,
    },
    now,
  })
  const admit = <T>(action: Action, ref: SecretRef, prepare?: Parameters<typeof gate.admit<T>>[0]['prepare']) =>
    gate.admit<T>({
      txn: 'txn',
      principal: principal(),
      action,
      resource: secretResource(ref),
      context: {},
      ...(prepare && { prepare }),
    })
  const secrets = instance()
  const read = async (name: string, asked?: Asked, from = secrets) => {
    const ref = { vault: 'main', name }
    const grant: Grant<Sealed> = await admit('secret:get', ref, from.lookUp(ref, asked))
    if (grant.sealed.kind !== 'secret') return { unchanged: grant.sealed.version }
    return { ...handOut(grant, ref, grant.sealed.reading), stale: grant.sealed.reading.stale }
  }
  const pass = (seconds: number) => {
    clock.at += seconds * 1_000
  }
  return { azure, state, secrets, instance, read, admit, gate, policy, entries, reports, clock, now, pass }
}

export const failure = (code: string, reason: string) => ({ name: 'GatewayError', code, reason })
