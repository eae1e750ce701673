import type { TrustedIssuer } from '../identity/issuer.ts'
import type { Principal } from '../identity/principal.ts'
import type { Action } from './actions.ts'
import type { PolicyDocument } from './documents/document.ts'
import type { IssuerDocument } from './documents/issuer.ts'
import { createZoneClock, type LocalTime } from './match/clock.ts'
import type { Tri } from './match/tri.ts'
import { type CompileContext, compileStatement, type Statement } from './statement.ts'
import { createStatementIndex } from './statement-index.ts'
import type { Target } from './target.ts'

/** One revision of the policy set, compiled; immutable. */
export type Snapshot = {
  revision: number
  /** Milliseconds. */
  loadedAt: number
  /** By the exact `iss`. */
  issuerOf(iss: string): TrustedIssuer | undefined
  target(name: string): Target | undefined
  /** By one of the URIs the target registers, byte for byte (RFC 8707). */
  targetByResource(uri: string): Target | undefined
  /** Statements that may be about the caller, with what their selectors say; never `no`. */
  candidates(principal: Principal): ReadonlyMap<Statement, Tri>
}

export type SnapshotBuilder = {
  add(document: PolicyDocument): void
  build(at: { revision: number; loadedAt: number }): Snapshot
}

/** Takes documents of a set that was checked together, one by one so that a large set need not block the process. Roles first. */
export function createSnapshotBuilder(): SnapshotBuilder {
  const issuers = new Map<string, TrustedIssuer>()
  const targets = new Map<string, Target>()
  const byResource = new Map<string, Target>()
  const roles = new Map<string, readonly Action[]>()
  const index = createStatementIndex()
  const context: CompileContext = { roles, clockOf: memoize(createZoneClock) }
  const add: { [K in PolicyDocument['kind']]: (document: PolicyDocument & { kind: K }) => void } = {
    issuer: (document) => void issuers.set(document.issuer, trustedIssuer(document)),
    role: ({ name, actions }) => void roles.set(name, actions),
    statement: (statement) => index.add(compileStatement(statement, context)),
    target: (target) => {
      targets.set(target.name, target)
      for (const uri of target.resources) byResource.set(uri, target)
    },
    secretRule: () => {},
  }
  return {
    add: (document) => (add[document.kind] as (document: PolicyDocument) => void)(document),
    build: ({ revision, loadedAt }) => ({
      revision,
      loadedAt,
      issuerOf: (iss) => issuers.get(iss),
      target: (name) => targets.get(name),
      targetByResource: (uri) => byResource.get(uri),
      candidates: index.candidates,
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

function memoize(make: (zone: string) => (now: number) => LocalTime): CompileContext['clockOf'] {
  const made = new Map<string, (now: number) => LocalTime>()
  return (zone) => {
    const clock = made.get(zone) ?? make(zone)
    made.set(zone, clock)
    return clock
  }
}
