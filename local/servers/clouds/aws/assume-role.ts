import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { Role } from '../accounts.ts'
import { TokenFault, verifyOutsideToken } from '../outside-token.ts'
import type { AwsDeps } from './aws.ts'
import { AwsError } from './aws-error.ts'
import { element, XMLNS } from './xml.ts'

const MAX_POLICY_CHARACTERS = 2_048

/** docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html */
export async function assumeRole(form: URLSearchParams, deps: AwsDeps): Promise<string> {
  const roleArn = form.get('RoleArn') ?? ''
  const sessionName = form.get('RoleSessionName') ?? ''
  if (!/^[\w+=,.@-]{2,64}$/.test(sessionName)) throw invalid('roleSessionName')
  const role = deps.accounts.role(roleArn)
  if (!role) throw new AwsError(403, 'AccessDenied', NOT_AUTHORIZED)
  const seconds = Number(form.get('DurationSeconds') ?? '3600')
  if (!Number.isInteger(seconds) || seconds < 900 || seconds > 43_200) throw invalid('durationSeconds')
  if (seconds > role.maxSessionSeconds) {
    throw new AwsError(
      400,
      'ValidationError',
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    )
  }
  const policy = sessionPolicy(form.get('Policy'))
  const { sub, aud } = await subject(form.get('WebIdentityToken') ?? '', role, deps)
  const [, account, name] = /^arn:[\w-]+:iam::(\d+):role\/(?:.*\/)?([^/]+)$/.exec(roleArn) ?? []
  const expiration = new Date(Math.floor(deps.now() / 1_000 + seconds) * 1_000).toISOString().replace('.000Z', 'Z')
  const credentials = {
    AccessKeyId: `ASIA${randomBytes(10).toString('hex').toUpperCase().slice(0, 16)}`,
    SecretAccessKey: randomBytes(30).toString('base64'),
    // What a session may do is sealed in its token; here the policy's digest stands in it, readable.
    SessionToken: `${randomBytes(60).toString('base64')}.${policyDigest(policy)}`,
    Expiration: expiration,
  }
  const user = {
    Arn: `arn:aws:sts::${account}:assumed-role/${name}/${sessionName}`,
    AssumedRoleId: `AROA:${sessionName}`,
  }
  const facts = { SubjectFromWebIdentityToken: sub, Audience: String(aud), PackedPolicySize: String(packed(policy)) }
  const inside = [element('AssumedRoleUser', user), element('Credentials', credentials), flat(facts)].join('')
  const metadata = element('ResponseMetadata', { RequestId: randomUUID() })
  return `<AssumeRoleWithWebIdentityResponse xmlns="${XMLNS}"><AssumeRoleWithWebIdentityResult>${inside}</AssumeRoleWithWebIdentityResult>${metadata}</AssumeRoleWithWebIdentityResponse>`
}

const flat = (facts: Record<string, string>) => element('x', facts).slice('<x>'.length, -'</x>'.length)

async function subject(token: string, role: Role, deps: AwsDeps) {
  try {
    const { issuer, audiences, jwks, subjects } = role
    const claims = await verifyOutsideToken(token, { issuer, audiences, ...(jwks && { jwks }) }, deps)
    if (!subjects.includes(claims.sub)) throw new AwsError(403, 'AccessDenied', NOT_AUTHORIZED)
    return claims
  } catch (error) {
    if (error instanceof TokenFault) throw ANSWERS[error.fault]()
    throw error
  }
}

function sessionPolicy(text: string | null): string {
  if (text === null) return ''
  if (text.length > MAX_POLICY_CHARACTERS) throw new AwsError(400, 'PackedPolicyTooLarge')
  try {
    const { Version, Statement } = JSON.parse(text)
    if (Version === '2012-10-17' && Array.isArray(Statement) && Statement.length > 0) return text
  } catch {
    // Told like any other malformed policy.
  }
  throw new AwsError(400, 'MalformedPolicyDocument')
}

/** Hexadecimal SHA-256 of the session policy's text. */
const policyDigest = (policy: string) => createHash('sha256').update(policy).digest('hex')

const packed = (policy: string) => Math.ceil((policy.length / MAX_POLICY_CHARACTERS) * 100)

const NOT_AUTHORIZED = 'Not authorized to perform sts:AssumeRoleWithWebIdentity'

const invalid = (name: string) =>
  new AwsError(400, 'ValidationError', `1 validation error detected: Value at '${name}' failed`)

const ANSWERS: Record<TokenFault['fault'], () => AwsError> = {
  malformed: () => new AwsError(400, 'InvalidIdentityToken', 'The ID Token provided is not a valid JWT.'),
  issuer: () =>
    new AwsError(400, 'InvalidIdentityToken', 'No OpenIDConnect provider found in your account for the issuer'),
  audience: () => new AwsError(400, 'InvalidIdentityToken', 'Incorrect token audience'),
  expired: () => new AwsError(400, 'ExpiredTokenException', 'Token expired'),
  signature: () =>
    new AwsError(400, 'InvalidIdentityToken', "Couldn't retrieve verification key from your identity provider"),
  unreachable: () => new AwsError(400, 'IDPCommunicationError', 'Could not reach the identity provider'),
}
