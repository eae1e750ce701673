import { createJournal } from './audit/journal.ts'
import { createRefusals } from './audit/refusals.ts'
import { systemEntry } from './audit/system-entry.ts'
import { createValueHasher } from './audit/value-hash.ts'
import { createAzure } from './azure/azure.ts'
import { CLOUDS } from './azure/clouds.ts'
import { sharedOnce } from './azure/once.ts'
import type { Config } from './config.ts'
import type { Events } from './events/events.ts'
import { createGate, type Gate } from './gate.ts'
import { composeCallbacks } from './gateway/callbacks.ts'
import { composeEvents, rotationEvent } from './gateway/events.ts'
import { keyVaultEvents } from './gateway/key-vault-events.ts'
import { composeKeyTimer } from './gateway/keys.ts'
import { composeRotators } from './gateway/rotators.ts'
import { composeKinds } from './gateway/token-kinds.ts'
import { createTooling, type Tooling } from './gateway/tooling.ts'
import { createUpkeep, type Upkeep } from './gateway/upkeep.ts'
import { isCredential } from './grants/credential.ts'
import { createGrants, type Grants } from './grants/grants.ts'
import { createOpenItems } from './grants/open-items.ts'
import { createSeal } from './grants/seal.ts'
import { createHandles, type Handles } from './handles/handles.ts'
import { createHealth, type Health } from './health.ts'
import { createIdempotency, type Idempotency } from './http/idempotency-rows.ts'
import { createAuthenticator } from './identity/authenticate.ts'
import { createFetchJson } from './identity/fetch-json.ts'
import { createProofs, type Proofs } from './identity/possession/proofs.ts'
import type { Principal } from './identity/principal.ts'
import { type LogLine, levelOf, writeLogLine } from './log.ts'
import { decide } from './policy/decide.ts'
import type { Decision, Question } from './policy/decision.ts'
import { createLimits } from './policy/limits/limits.ts'
import { createPrincipalRate } from './policy/limits/principal-rate.ts'
import { createPolicyStore, type PolicyStore } from './policy/store.ts'
import { ownOf } from './rotation/own-target.ts'
import { createRotations, type Rotations } from './rotation/rotations.ts'
import { Secret } from './secrets/secret.ts'
import { createSecrets, type Secrets } from './secrets/secrets.ts'
import { createBroker } from './tokens/broker/broker.ts'
import { createPasswordCheck } from './tokens/entra/password-check.ts'
import type { KeyStoreDeps } from './tokens/keys/bootstrap.ts'
import { createKeyRing } from './tokens/keys/key-ring.ts'
import type { Tended } from './tokens/keys/pages/tend-keys.ts'
import { createOnce, type Once } from './tokens/once.ts'
import { createOwnTokens } from './tokens/own-token.ts'
import { createSubjectTokens, type ObtainSubjectToken } from './tokens/subject-jwt.ts'
import { createTokens, type Tokens } from './tokens/tokens.ts'
import { createWarmUp } from './warm-up.ts'

export type Gateway = {
  config: Config
  /** Milliseconds since the epoch. */
  now: () => number
  /**
   * Makes a principal of a token; one that is bound to a key needs `provenKey`, the thumbprint of that key. Throws
   * `invalid_token`, `issuer_unavailable`, `no_policy`, `policy_unavailable`, or `rate_limited` (see `withinRate`).
   */
  authenticate: (token: string, provenKey?: string) => Promise<Principal>
  /** Makes a principal of a client assertion (RFC 7523), whose `jti` its caller must claim; throws like `authenticate`. */
  authenticateAssertion: (assertion: string) => Promise<Principal & { tokenId: string }>
  /** What happens once, on whatever instance. */
  once: Once
  /** What an `Idempotency-Key` has begun, on whatever instance. */
  idempotency: Idempotency
  /** Verifies DPoP proofs (RFC 9449). */
  proofs: Proofs
  admit: Gate['admit']
  admitList: Gate['admitList']
  /** Throws `rate_limited` when the principal asks this instance too often. Whoever authenticates by other means calls it. */
  withinRate: (principal: Principal) => Principal
  /** RateLimit fields of the answer to that transaction, where a limit of its permits applied. */
  limitFields: (txn: string) => Record<string, string> | undefined
  /** What the policy says now, unrecorded: for filters and `whoami`, never for handing anything out. */
  decide: (question: Question) => Decision
  policy: PolicyStore
  /** Access contexts. */
  grants: Grants
  /** One-time handles. */
  handles: Handles
  secrets: Secrets
  tokens: Tokens
  /** Makes what a cloud's own client library shows at `/oauth2/token`; passes the door itself. */
  subjectToken: ObtainSubjectToken
  /** Does what is due of the signing keys' lives, and of the issuer's page; for the timer. */
  rotateKeys: () => Promise<Tended>
  /** Credentials that are kept fresh. */
  rotations: Rotations
  /** Who hears of what happens. */
  events: Events
  /** Records something about the gateway itself, durably. Throws `journal_unavailable`. */
  note: (event: string, detail: Readonly<Record<string, unknown>>) => Promise<void>
  health: () => Promise<Health>
  log: (line: LogLine) => void
  /** Writes what the journal still holds and stops every timer. */
  close: () => Promise<void>
} & Tooling &
  Upkeep

export type Overrides = { now?: () => number; log?: (line: LogLine) => void }

/** The composition root: built once per process; everything slow happens at the first use. */
export function createGateway(config: Config, { now = Date.now, log = writeLogLine }: Overrides = {}): Gateway {
  const report = (event: string, detail: Record<string, unknown>) => log({ level: levelOf(event), event, ...detail })
  const broker = createBroker({ now, report })
  const azure = createAzure(config, { now, report, broker })
  const keyStore: KeyStoreDeps = {
    keys: azure.table('keys'),
    leases: azure.table('leases'),
    vault: azure.vault(config.gatewayVault),
    now,
    report: (event, detail) => {
      report(event, detail)
      // The journal cannot be there before its own key: what was made before it is its first entry.
      if (event === 'keys.created') journal.follow(systemEntry(now(), event, detail))
    },
  }
  const keys = createKeyRing(keyStore)
  const journal = createJournal({
    table: azure.table('audit'),
    master: () => keys.journalMaster(),
    now,
    deadlineMs: config.journalDeadlineMs,
    build: config.version,
    instance: config.instance,
    report,
  })
  const refusals = createRefusals({ journal, now })
  const policy = createPolicyStore({
    table: azure.table('policies'),
    now,
    pollSeconds: config.policyPollSeconds,
    maxStaleSeconds: config.policyMaxStaleSeconds,
    forbiddenIssuer: config.issuer,
    report,
    loaded: (snapshot) => void checkPasswords(snapshot.targets()),
  })
  const fetchJson = createFetchJson(azure.agent)
  const authenticator = createAuthenticator({
    issuerOf: (iss) => policy.current().issuerOf(iss),
    fetchJson,
    now,
    refused: refusals.count,
    cloud: config.cloud,
    assertionAudience: config.issuer,
  })
  const decideNow = (question: Question, at = now()) => decide(question, policy.current(), at)
  const limits = createLimits({ table: azure.table('quotas'), now, clockSkewMs: azure.clockSkewMs })
  const gate = createGate({ decide: decideNow, refreshPolicy: policy.refresh, journal, limits, now })
  const alarm = (event: string, detail: Record<string, unknown>) => {
    report(event, detail)
    journal.follow(systemEntry(now(), event, detail))
  }
  const seal = sharedOnce(async () => createSeal(await keys.valueHmac()))
  const handles = createHandles({
    table: azure.table('handles'),
    seal,
    report: alarm,
    maxSeconds: config.grantMaxSeconds,
    throughOf: (grant) => grants.recall(grant),
    isTrusted: ({ claims, issuerName }) => policy.current().issuerOf(String(claims['iss']))?.name === issuerName,
  })
  const grants = createGrants({
    ...{ keys, issuer: config.issuer, maxSeconds: config.grantMaxSeconds, now, refused: refusals.count },
    ...{ table: azure.table('grants'), admit: gate.admit, decide: decideNow },
    issuerOf: (iss) => policy.current().issuerOf(iss),
    tampered: (detail) => alarm('grant.tampered', detail),
    locked: (detail) => alarm('grant.locked', detail),
    openItems: createOpenItems({ table: azure.table('subscriptions'), now, seal }),
  })
  const withinRate = createPrincipalRate({ rate: config.principalRate, now, refused: refusals.count, report })
  const valueHasher = sharedOnce(async () => createValueHasher(await keys.valueHmac()))
  const secrets = createSecrets({
    vaults: new Map([...config.vaults].map(([alias, url]) => [alias, azure.vault(url, alias)])),
    state: azure.table('secretState'),
    cacheSeconds: config.secretCacheSeconds,
    pollSeconds: config.policyPollSeconds,
    hashValue: async (value) => (await valueHasher())(value),
    now,
    report,
  })
  const once = createOnce(azure.table('once'))
  const idempotency = createIdempotency({
    table: azure.table('once'),
    hashBody: async (body) => (await valueHasher())(new Secret(body)),
    now,
  })
  const own = createOwnTokens({ issuer: config.issuer, keys, once, now })
  const { exchangeAudience } = CLOUDS[config.cloud]
  const gatewayVault = azure.vault(config.gatewayVault)
  const passwords = { broker, entra: azure.entra, vault: gatewayVault, once, report, now }
  const checkPasswords = createPasswordCheck(passwords)
  const kinds = composeKinds({ config, azure, broker, keys, passwords, fetchJson, now })
  const note = async (event: string, detail: Readonly<Record<string, unknown>>) => {
    await journal.record(systemEntry(now(), event, detail))
  }
  const callbacks = composeCallbacks({ config, keys, now })
  const hashValue = async (value: Secret) => (await valueHasher())(value)
  const events = composeEvents({
    ...{ azure, config, keys, callbacks, grants, policy, now, report, alarm, note, hashValue, admit: gate.admit },
    rotate: (asked) => rotations.startFor(asked),
  })
  // Without an alias: what rotates and reviews hands nothing out.
  const vaults = new Map([...config.vaults].map(([alias, url]) => [alias, azure.vault(url)]))
  const rotations = createRotations({
    ...{ vaults, gatewayVault },
    secretState: azure.table('secretState'),
    tables: { rotations: azure.table('rotations'), leases: azure.table('leases'), lastUse: azure.table('lastUse') },
    rotatorOf: composeRotators({ config, azure, callbacks, now }),
    emit: (event) => events.emit(rotationEvent(event, now())),
    ...keyVaultEvents(config, azure),
    refreshPolicy: policy.refresh,
    own: async () => ownOf(config, azure.ownIds()),
    raise: (vault, name) => secrets.announce({ vault, name }),
    hashValue,
    policy: () => policy.current(),
    journal,
    now,
    report,
  })
  const tooling = createTooling({ azure, config, own, keys, policy, decide: decideNow, now, report })
  const warmUp = createWarmUp({ config, azure, keys, policy, journal, now, report })
  return {
    config,
    now,
    authenticate: async (token, provenKey) => {
      warmUp.begin()
      await policy.fresh()
      const known = isCredential(token)
        ? grants.present(token, provenKey)
        : authenticator.authenticate(token, provenKey)
      return withinRate(await known)
    },
    authenticateAssertion: async (assertion) => {
      warmUp.begin()
      await policy.fresh()
      return withinRate(await authenticator.authenticateAssertion(assertion))
    },
    once,
    idempotency,
    proofs: createProofs({ claim: once.claim, frontDoor: config.frontDoor, now }),
    admit: gate.admit,
    admitList: gate.admitList,
    withinRate,
    limitFields: limits.fieldsOf,
    decide: decideNow,
    policy,
    grants,
    handles,
    secrets,
    tokens: createTokens({ keys, kinds, own, issuer: config.issuer, exchangeAudience, decide: decideNow, now, policy }),
    subjectToken: createSubjectTokens({
      signer: () => keys.signer('ES256'),
      admit: gate.admit,
      issuer: config.issuer,
      now,
      policy,
    }),
    rotations,
    events,
    ...createUpkeep({ azure, vaults, config, journal, grants, policy, rotations, emit: events.emit, now }),
    note,
    ...tooling,
    rotateKeys: composeKeyTimer({ azure, config, ready: keys.ready, keyStore, journal }),
    health: createHealth({ config, journal, policy, keys, secrets, authenticator, clockSkewMs: azure.clockSkewMs }),
    log,
    close: async () => {
      warmUp.cancel()
      policy.stop()
      secrets.close()
      refusals.close()
      await tooling.replays.close()
      await journal.close()
    },
  }
}
