import type { TrustedIssuer } from '../identity/issuer.ts'
import type { Principal } from '../identity/principal.ts'
import type { Action } from './actions.ts'
import type { PolicyDocument } from './documents/document.ts'
import type { IssuerDocument } from './documents/issuer.ts'
import type { ProbeDocument } from './documents/probe.ts'
import type { RotationDocument } from './documents/rotation.ts'
import type { SecretRuleDocument } from './documents/secret-rule.ts'
import { createZoneClock } from './match/clock.ts'
import { type CompileContext, compileStatement, type Statement } from './statement.ts'
import { type Candidate, createStatementIndex } from './statement-index.ts'
import type { Target } from './target.ts'

/** One revision of the policy set, compiled; immutable. */
export type Snapshot = {
  revision: number
  /** Milliseconds. */
  loadedAt: number
  /** By the exact `iss`. */
  issuerOf(iss: string): TrustedIssuer | undefined
  target(name: string): Target | undefined
  targets(): Iterable<Target>
  /** By one of the URIs the target registers, byte for byte (RFC 8707). */
  targetByResource(uri: string): Target | undefined
  rotation(name: string): RotationDocument | undefined
  rotations(): Iterable<RotationDocument>
  secretRules(): Iterable<SecretRuleDocument>
  probe(name: string): ProbeDocument | undefined
  probes(): Iterable<ProbeDocument>
  /** Statements that may be about the caller, with what their selectors say; never `no`. */
  candidates(principal: Principal): readonly Candidate[]
  /** All of them, for explanations: a decision never looks at statements about others. */
  statements(): Iterable<Statement>
}

export type SnapshotBuilder = {
  add(document: PolicyDocument): void
  build(at: { revision: number; loadedAt: number }): Snapshot
}

/** Takes documents of a set that was checked together, one by one so that a large set need not block the process. Roles first: a role that comes after its statements brings them no action. */
export function createSnapshotBuilder(): SnapshotBuilder {
  const issuers = new Map<string, TrustedIssuer>()
  const targets = new Map<string, Target>()
  const byResource = new Map<string, Target>()
  const roles = new Map<string, readonly Action[]>()
  const rotations = new Map<string, RotationDocument>()
  const probes = new Map<string, ProbeDocument>()
  const secretRules = new Map<string, SecretRuleDocument>()
  const index = createStatementIndex()
  const context: CompileContext = {
    actionsOf: memoize(
      (names) => new Set(names.flatMap((name) => roles.get(name) ?? [])),
      (names) => names.join(' '),
    ),
    clockOf: memoize(createZoneClock),
  }
  const add: { [K in PolicyDocument['kind']]: (document: PolicyDocument & { kind: K }) => void } = {
    issuer: (document) => void issuers.set(document.issuer, trustedIssuer(document)),
    role: ({ name, actions }) => void roles.set(name, actions),
    statement: (statement) => index.add(compileStatement(statement, context)),
    target: (target) => {
      targets.set(target.name, target)
      for (const uri of target.resources) byResource.set(uri, target)
    },
    secretRule: (rule) => void secretRules.set(rule.secret, rule),
    rotation: (rotation) => void rotations.set(rotation.name, rotation),
    probe: (probe) => void probes.set(probe.name, probe),
  }
  return {
    add: (document) => (add[document.kind] as (document: PolicyDocument) => void)(document),
    build: ({ revision, loadedAt }) => ({
      revision,
      loadedAt,
      issuerOf: (iss) => issuers.get(iss),
      target: (name) => targets.get(name),
      targets: () => targets.values(),
      targetByResource: (uri) => byResource.get(uri),
      rotation: (name) => rotations.get(name),
      rotations: () => rotations.values(),
      secretRules: () => secretRules.values(),
      probe: (name) => probes.get(name),
      probes: () => probes.values(),
      candidates: index.candidates,
      statements: index.statements,
    }),
  }
}

function trustedIssuer({
  kind: _kind,
  jwksUri,
  maxLifetimeSeconds,
  audienceArray,
  ...rest
}: IssuerDocument): TrustedIssuer {
  return {
    ...rest,
    ...(jwksUri !== undefined && { jwksUri }),
    ...(maxLifetimeSeconds !== undefined && { maxLifetimeSeconds }),
    ...(audienceArray !== undefined && { audienceArray }),
  }
}

/** Roles before the statements that name them. */
export function rolesFirst<T extends { document: PolicyDocument }>(documents: readonly T[]): T[] {
  const isRole = ({ document }: T) => document.kind === 'role'
  return [...documents.filter(isRole), ...documents.filter((one) => !isRole(one))]
}

/** Makes each thing once for a set: statements share what is equal among them. */
function memoize<A, R>(make: (from: A) => R, keyOf: (from: A) => string = String): (from: A) => R {
  const made = new Map<string, { value: R }>()
  return (from) => {
    const key = keyOf(from)
    const known = made.get(key) ?? { value: make(from) }
    made.set(key, known)
    return known.value
  }
}
