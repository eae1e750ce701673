import { documentId, type PolicyDocument } from './document.ts'
import { type Fault, pointer } from './faults.ts'
import { sasAddressFaults } from './sas-addresses.ts'
import { isGatewayIdentity } from './target-kinds/entra.ts'

type Known = {
  ids: Set<string>
  issuers: Set<string>
  resources: Set<string>
  roles: Set<string>
  oidcIssuers: Set<string>
  issuerAudiences: Set<string>
  targets: Set<string>
  rotated: Set<string>
  forbiddenIssuer: string | undefined
}

export type TogetherOptions = {
  /** The gateway's own issuer: its own tokens must never open its own door. */
  forbiddenIssuer?: string | undefined
  /** Documents that are faulty by themselves: their names still count as known, so that one fault is not told twice. */
  faulty?: readonly unknown[]
}

/** What only the whole set shows; undefined stands for a document that is faulty by itself. Pointers as in parsePolicySet. */
export function checkTogether(
  documents: readonly (PolicyDocument | undefined)[],
  { forbiddenIssuer, faulty = [] }: TogetherOptions = {},
): Fault[] {
  const of = <K extends PolicyDocument['kind']>(kind: K) =>
    documents.filter((one): one is PolicyDocument & { kind: K } => one?.kind === kind)
  const oidc = of('issuer').filter(({ principal }) => principal === 'oidc')
  const known: Known = {
    ids: new Set(),
    issuers: new Set(),
    resources: new Set(),
    roles: new Set([...of('role').map(({ name }) => name), ...namesOf(faulty, 'role')]),
    oidcIssuers: new Set([...oidc.map(({ name }) => name), ...namesOf(faulty, 'issuer')]),
    issuerAudiences: new Set(of('issuer').flatMap(({ audiences }) => audiences)),
    rotated: new Set(),
    targets: new Set([...of('target').map(({ name }) => name), ...namesOf(faulty, 'target')]),
    forbiddenIssuer: forbiddenIssuer && sameIssuer(forbiddenIssuer),
  }
  const ofSas = sasAddressFaults(documents).map(({ at, detail }) => ({ pointer: pointer([at, 'when', 'ip']), detail }))
  const faults = documents.flatMap((document, at) =>
    document ? faultsAmong(document, known).map(([path, detail]) => ({ pointer: pointer([at, ...path]), detail })) : [],
  )
  return [...faults, ...ofSas]
}

function namesOf(values: readonly unknown[], kind: string): string[] {
  return values.flatMap((value) => {
    const { kind: itsKind, name } = (value ?? {}) as Record<string, unknown>
    return itsKind === kind && typeof name === 'string' ? [name] : []
  })
}

type Found = [path: PropertyKey[], detail: string]

function faultsAmong(document: PolicyDocument, known: Known): Found[] {
  const twice: Found[] = isNew(known.ids, `${document.kind}/${documentId(document)}`)
    ? []
    : [[[idField(document)], 'names another document of this kind too']]
  switch (document.kind) {
    case 'issuer':
      return [...twice, ...ofIssuer(document, known)]
    case 'statement':
      return [...twice, ...ofStatement(document, known)]
    case 'target':
      return [...twice, ...ofTarget(document, known)]
    case 'probe':
      return [...twice, ...ofProbe(document, known)]
    case 'rotation':
      return [...twice, ...ofRotation(document, known)]
    default:
      return twice
  }
}

function ofIssuer({ issuer }: PolicyDocument & { kind: 'issuer' }, known: Known): Found[] {
  const found: Found[] = []
  if (!isNew(known.issuers, issuer)) found.push([['issuer'], 'is the issuer of another document too'])
  if (sameIssuer(issuer) === known.forbiddenIssuer) {
    found.push([['issuer'], 'is this gateway itself: its own tokens must not open its own door'])
  }
  return found
}

function ofStatement({ roles, principals }: PolicyDocument & { kind: 'statement' }, known: Known): Found[] {
  const found: Found[] = []
  for (const [at, role] of roles.entries()) {
    if (!known.roles.has(role)) found.push([['roles', at], 'is not a role of this set'])
  }
  for (const [at, { oidc }] of principals.entries()) {
    if (oidc && !known.oidcIssuers.has(oidc.issuer)) {
      found.push([['principals', at, 'oidc', 'issuer'], 'is not an issuer of this set with "principal": "oidc"'])
    }
  }
  return found
}

function ofTarget({ token, resources }: PolicyDocument & { kind: 'target' }, known: Known): Found[] {
  const found: Found[] = []
  for (const [at, uri] of resources.entries()) {
    if (!isNew(known.resources, uri)) found.push([['resources', at], 'names another target too'])
  }
  if (token.kind === 'entra' && isGatewayIdentity(token.identity) && known.issuerAudiences.has(token.resource)) {
    found.push([['token', 'resource'], 'is the audience of this gateway: its own identity must not open its own door'])
  }
  if (token.kind === 'jwt' && known.issuerAudiences.has(token.audience)) {
    found.push([['token', 'audience'], 'is the audience of this gateway: its tokens are for other services'])
  }
  for (const [at, name] of (token.kind === 'jwt' && token.exchangeableFor ? token.exchangeableFor : []).entries()) {
    if (!known.targets.has(name)) found.push([['token', 'exchangeableFor', at], 'is not a target of this set'])
  }
  return found
}

/** Two would each take the other’s new version for a stranger’s. */
const ofRotation = ({ secret }: PolicyDocument & { kind: 'rotation' }, { rotated }: Known): Found[] =>
  isNew(rotated, secret) ? [] : [[['secret'], 'is rotated by another document too']]

/** A misspelt issuer would be denied everything for ever, and prove nothing. */
function ofProbe({ cases }: PolicyDocument & { kind: 'probe' }, { oidcIssuers }: Known): Found[] {
  return [...cases.entries()].flatMap(([at, { principal }]): Found[] => {
    if (!principal.oidc || oidcIssuers.has(principal.oidc.issuer)) return []
    const path = ['cases', at, 'principal', 'oidc', 'issuer']
    return [[path, 'is not an issuer of this set with "principal": "oidc"']]
  })
}

function isNew(seen: Set<string>, value: string): boolean {
  const fresh = !seen.has(value)
  seen.add(value)
  return fresh
}

const idField = ({ kind }: PolicyDocument) => (kind === 'statement' ? 'id' : kind === 'secretRule' ? 'secret' : 'name')

/** Spellings that a careless verifier would take for one: case of the host, trailing slash. */
const sameIssuer = (issuer: string) => issuer.toLowerCase().replace(/\/+$/, '')
