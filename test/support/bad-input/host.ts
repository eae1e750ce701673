import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect } from 'vitest'
import { createAzure } from '../../../shared/azure/azure.ts'
import { sharedOnce } from '../../../shared/azure/once.ts'
import { ERRORS } from '../../../shared/errors.ts'
import { applyPolicies } from '../../../shared/policy/apply.ts'
import { loadDocuments } from '../../../shared/policy/load-documents.ts'
import { sendRequest } from '../../local/functions-host/support/send-request.ts'
import { googleNames } from '../google.ts'
import { type HostedGateway, hostGateway } from '../hosted-gateway.ts'
import { createWatch } from '../openapi/watch.ts'
import { rig } from '../rig.ts'
import { until } from '../running.ts'
import { statement } from '../secret-gateway.ts'
import { type Caller, directory } from '../tenant.ts'
import { CALLBACK_HOST, KNOWN, PROPOSAL_HASH, RECIPES, ROTATION, ROTATION_RUN, ROTATION_TO_RUN } from './recipes.ts'
import { MARKER } from './refusal.ts'
import { createSender, type Send } from './sender.ts'

export const CALLER = 'billing-app'
const OTHER = 'orders-app'
const PENDING = 'secret/main/bad-input-pending'

/** The secret of the recipes holds this; it may stand in the answer to a permitted read and nowhere else. */
export const SECRET_VALUE = 'kept-7f21c9'

/** A target of a kind that gives subject tokens. */
const warehouse = ({ provider, serviceAccount }: ReturnType<typeof googleNames>) => ({
  kind: 'target',
  name: 'warehouse',
  access: 'read',
  token: {
    ...{ kind: 'google', provider, serviceAccount },
    scopes: ['https://www.googleapis.com/auth/bigquery.readonly'],
  },
})

const principalIdOf = (who: Caller) => `entra:${directory.tenant}:${directory.app(who).objectId}`

/** One host for a test file, with a caller that may do everything the recipes do; checks the log when all is over, and that every answer was described (docs/openapi.json). */
export function badInputHost() {
  const local = rig()
  const run = {} as { hosted: HostedGateway; send: Send }
  const answers: string[] = []
  const described = createWatch()
  let held: Record<string, string> | undefined
  let proposal: Record<string, string> | undefined
  let doomed = false
  let successes = 0

  beforeAll(async () => {
    await local.createStorage()
    const permit = statement(
      'bad-input',
      CALLER,
      ['secret-reader', 'secret-inspector', 'secret-deployer', 'handle-maker'],
      ['secret/main/*'],
    )
    const documents = [
      ...(await loadDocuments('local/seed/policies')),
      permit,
      warehouse(googleNames(local)),
      statement('bad-input-policy', CALLER, ['policy-viewer', 'policy-author', 'policy-approver'], ['policy']),
      statement('bad-input-reports', CALLER, ['auditor'], ['audit']),
      statement('bad-input-grants', CALLER, ['grant-officer', 'grant-approver'], ['grant/**']),
      statement('bad-input-pending', OTHER, ['grant-opener', 'secret-reader'], [PENDING], {
        obligations: { approval: { count: 1, approvers: [principalIdOf(CALLER)] } },
      }),
      ...[ROTATION, ROTATION_TO_RUN, ROTATION_RUN].map((name) => ({
        ...{ kind: 'rotation', name, secret: `main/${name}`, rotator: 'generate', mode: 'manual', owner: 'team-test' },
      })),
      statement('bad-input-rotations', CALLER, ['rotation-operator'], ['rotation/**']),
      statement('bad-input-events', CALLER, ['subscriber'], ['subscription']),
      statement('bad-input-warehouse', CALLER, ['token-reader'], ['token/warehouse']),
    ]
    await applyPolicies({ table: createAzure(local.config()).table('policies'), documents, now: Date.now })
    const vault = await local.operatorVault('main')
    const { name = '' } = RECIPES['GET /v1/secrets/{vault}/{name}']?.params ?? {}
    const old = await vault.setSecret(name, 'older')
    await vault.setSecret(name, SECRET_VALUE)
    // One caller sends thousands of requests in a minute here.
    const settings = {
      SALLYPORT_JOURNAL_DEADLINE_MS: '20000',
      SALLYPORT_PRINCIPAL_RATE: '99999/min',
      // The timer asks the vault, whose calls are counted here.
      SALLYPORT_ROTATE_SCHEDULE: '0 0 0 1 1 *',
      SALLYPORT_CALLBACK_HOSTS: CALLBACK_HOST,
    }
    run.hosted = await hostGateway({ ...local.environment, ...settings })
    const facts = {
      bearer: await local.callerToken(CALLER),
      version: old.properties.version ?? '',
      fresh: {
        grant: untilSpent(() => idOf('POST /v1/grants')),
        parent: ownGrant,
        credential: ownGrant,
        pending: sharedOnce(pendingGrant),
        doomed: doomedRole,
        proposed: proposedChange,
        [PROPOSAL_HASH]: proposedChange,
        handle: untilSpent(() => idOf('POST /v1/handles')),
        seen: sharedOnce(() => idOf('POST /v1/handles')),
        idle: untilSpent(() => idleRotation(ROTATION_TO_RUN)),
        ran: untilSpent(async () => ({ ran: await idleRotation(ROTATION_RUN), run: await startRun(ROTATION_RUN) })),
        subscription: untilSpent(() => idOf('POST /v1/subscriptions')),
        replay: sharedOnce(() => idOf('POST /v1/policy-replays')),
      },
    }
    const send = createSender(run.hosted.port, facts)
    run.send = async (operation, changes) => {
      const answer = await send(operation, changes)
      if ((changes?.method ?? operation.method) !== 'GET' && Number(answer.status) < 300) successes += 1
      if (operation.title.endsWith('/renewals') && answer.status === 201) held = undefined
      // Whatever changed the set has ended what was proposed for the one before.
      if (operation.endpoint.name.startsWith('policy') && operation.method !== 'GET' && Number(answer.status) < 300) {
        proposal = undefined
        doomed &&= operation.method !== 'DELETE'
      }
      return answer
    }
    await until(async () => (await sendRequest({ method: 'GET', path: '/healthz' }, run.hosted.port)).status === 200)
    // Made before anybody counts what the vault is asked, and before others keep the instance busy.
    await facts.fresh.seen()
    await facts.fresh.replay()
  }, 90_000)

  afterAll(async () => {
    await run.hosted?.stop()
    const lines = run.hosted?.lines() ?? []
    expectCleanLog(lines)
    expect(described.faults()).toEqual([])
    expect(reasonsOf(lines).filter((reason) => answers.some((answer) => answer.includes(reason)))).toEqual([])
  })

  /**
   * Made anew when something has succeeded since: most requests are refused, and what they were for costs more than they do. What
   * other ways than `run.send` have changed is not seen, nor a refusal with an effect.
   */
  function untilSpent<T>(make: () => Promise<T>): () => Promise<T> {
    let kept: { made: T; at: number } | undefined
    return async () => {
      if (kept?.at !== successes) {
        const made = await make()
        kept = { made, at: successes }
      }
      return kept.made
    }
  }

  /** A grant of the caller's with its newest credential; a renewal uses that up. */
  async function ownGrant(): Promise<Record<string, string>> {
    held ??= await open(await local.callerToken(CALLER), 'secret/main/stripe-*')
    return held
  }

  /** Somebody else's, which the caller may approve. */
  async function pendingGrant(): Promise<string> {
    return (await open(await local.callerToken(OTHER), PENDING))['parent'] ?? ''
  }

  async function open(bearer: string, resource: string): Promise<Record<string, string>> {
    const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' }
    const body = JSON.stringify({ actions: ['secret:get'], resources: [resource], ttl: '1h' })
    const answer = await sendRequest({ method: 'POST', path: '/v1/grants', headers, body }, run.hosted.port)
    if (answer.status !== 201) throw new Error(`POST /v1/grants: ${answer.status} ${answer.body}`)
    const { id, credential } = JSON.parse(answer.body)
    return { parent: id, credential }
  }

  /** A rotation without a run: that of the last request is given up. */
  async function idleRotation(name: string): Promise<string> {
    const found = JSON.parse((await asCaller('GET', `/v1/rotations/${name}`)).body)
    if (found.state === 'idle') return name
    await asCaller('POST', `/v1/rotations/${name}/runs/${found.run.id}/steps`, { step: 'abort' })
    return name
  }

  const startRun = async (name: string): Promise<string> =>
    JSON.parse((await asCaller('POST', `/v1/rotations/${name}/runs`)).body).id

  async function asCaller(method: string, path: string, body?: Record<string, unknown>) {
    const authorization = `Bearer ${await local.callerToken(CALLER)}`
    const headers = { authorization, ...(body && { 'content-type': 'application/json' }) }
    const sent = { method, path, headers, ...(body && { body: JSON.stringify(body) }) }
    const answer = await sendRequest(sent, run.hosted.port)
    if (Number(answer.status) >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`)
    return answer
  }

  /** A role that nobody needs, to be ended. */
  async function doomedRole(): Promise<string> {
    if (!doomed)
      await putPolicy('platform-engineer', 'role/doomed', { kind: 'role', name: 'doomed', actions: ['secret:get'] })
    doomed = true
    return 'doomed'
  }

  /** A change by which its writer would gain, which the caller may approve. */
  async function proposedChange(): Promise<Record<string, string>> {
    if (proposal) return proposal
    const id = `bad-input-${randomUUID().slice(0, 8)}`
    const gain = statement(id, 'platform-engineer', ['secret-reader'], ['secret/main/*'])
    const { sha256 = '' } = JSON.parse(await putPolicy('platform-engineer', `statement/${id}`, gain))
    proposal = { proposed: id, [PROPOSAL_HASH]: sha256 }
    return proposal
  }

  async function putPolicy(who: Caller, name: string, document: object): Promise<string> {
    const headers = { authorization: `Bearer ${await local.callerToken(who)}`, 'content-type': 'application/json' }
    const request = { method: 'PUT', path: `/v1/policies/${name}`, headers, body: JSON.stringify({ document }) }
    proposal = undefined
    return (await sendRequest(request, run.hosted.port)).body
  }

  /** Makes one by its recipe. */
  async function idOf(title: string): Promise<string> {
    const operation = KNOWN.find((known) => known.title === title)
    if (!operation) throw new Error(`${title} has no recipe`)
    const { status, body } = await run.send(operation)
    if (status !== 201 && status !== 202) throw new Error(`${title}: ${status} ${body}`)
    return JSON.parse(body).id
  }

  const send: Send = async (operation, changes) => {
    const answer = await run.send(operation, changes)
    described.look(operation, changes, answer)
    answers.push(`${JSON.stringify(answer.headers)}${answer.body}`)
    return answer
  }
  return {
    local,
    send,
    port: () => run.hosted.port,
  }
}

/** One JSON object a line whatever was sent (T26), nothing unexpected, no value and nothing of a caller's text (T18). */
function expectCleanLog(lines: readonly string[]): void {
  const events = lines.map((line) => JSON.parse(line) as { event: string; level: string; reason?: string })
  expect(events.filter(({ level }) => level === 'error')).toEqual([])
  expect(lines.filter((line) => line.includes(MARKER) || line.includes(SECRET_VALUE))).toEqual([])
}

/** Also a word of a sentence for callers. */
const PUBLIC = new Set([...Object.keys(ERRORS), 'grant_type'])

/** Reasons of the log that must not be on the wire. */
function reasonsOf(lines: readonly string[]): string[] {
  const reasons = lines.map((line) => String((JSON.parse(line) as { reason?: string }).reason ?? ''))
  return [...new Set(reasons)].filter((reason) => reason.includes('_') && !PUBLIC.has(reason))
}
