import type { Agent } from 'node:https'
import { GatewayError } from '../../errors.ts'
import type { AwsToken } from '../../policy/documents/target-kinds/aws.ts'
import { UpstreamFailure } from '../broker/upstream-failure.ts'
import type { FederationTokens } from '../federation-token.ts'

export type AwsOrder = Pick<AwsToken, 'role' | 'region' | 'sessionPolicy'> & { target: string; durationSeconds: number }

/** Temporary credentials as AWS gave them. */
export type AwsCredentials = {
  accessKeyId: string
  secretAccessKey: string
  sessionToken: string
  /** Milliseconds since the epoch. */
  expiresAt: number
}

export type AssumeRole = (order: AwsOrder, signal: AbortSignal) => Promise<AwsCredentials>

export type AwsDeps = { agent?: Agent; federation: FederationTokens }

/** Only this audience is trusted by the roles; a `jwt` target cannot have it. */
const AUDIENCE = 'sts.amazonaws.com'

const MAX_SESSION_NAME = 64

/** AWS's own client, imported at the first use. Throws UpstreamFailure or GatewayError, and nothing of the SDK's error. */
export function createAssumeRole({ agent, federation }: AwsDeps): AssumeRole {
  return async ({ role, region, sessionPolicy, target, durationSeconds }, signal) => {
    const webIdentity = await federation({ audience: AUDIENCE, target })
    const client = await openClient(region, agent)
    const { AssumeRoleWithWebIdentityCommand } = await import('@aws-sdk/client-sts')
    const command = new AssumeRoleWithWebIdentityCommand({
      RoleArn: role,
      RoleSessionName: `sallyport-${target}`.slice(0, MAX_SESSION_NAME),
      WebIdentityToken: webIdentity,
      Policy: JSON.stringify(sessionPolicy),
      DurationSeconds: durationSeconds,
    })
    try {
      const { Credentials } = await client.send(command, { abortSignal: signal })
      return readable(Credentials)
    } catch (error) {
      throw awsFailure(error)
    } finally {
      if (!agent) client.destroy()
    }
  }
}

/** TRAP: the SDK takes the endpoint from AWS_ENDPOINT_URL or a profile unless one is given, and tries three times. */
async function openClient(region: string, agent: Agent | undefined) {
  const { STSClient } = await import('@aws-sdk/client-sts')
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'
  return new STSClient({
    region,
    endpoint: `https://sts.${region}.${suffix}`,
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 10_000, ...(agent && { httpsAgent: agent }) },
  })
}

type Given = { AccessKeyId?: unknown; SecretAccessKey?: unknown; SessionToken?: unknown; Expiration?: unknown }

function readable(given: Given | undefined): AwsCredentials {
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = given ?? {}
  const parts = [AccessKeyId, SecretAccessKey, SessionToken].map((part) => (isCredential(part) ? part : undefined))
  const [accessKeyId, secretAccessKey, sessionToken] = parts
  const expiresAt = Expiration instanceof Date ? Expiration.getTime() : Number.NaN
  if (accessKeyId && secretAccessKey && sessionToken && Number.isFinite(expiresAt)) {
    return { accessKeyId, secretAccessKey, sessionToken, expiresAt }
  }
  throw new GatewayError('upstream_unavailable', 'upstream_garbage', { retryAfterSeconds: 1 })
}

const isCredential = (value: unknown): value is string =>
  typeof value === 'string' && /^[\x21-\x7e]{1,16384}$/.test(value)

/** Codes that AWS sends with 400 although waiting helps. */
const THROTTLED = ['Throttling', 'ThrottlingException', 'RequestLimitExceeded', 'TooManyRequestsException']
const WAITING_HELPS = ['IDPCommunicationError', 'IDPCommunicationErrorException']

function awsFailure(thrown: unknown): UpstreamFailure | GatewayError {
  if (thrown instanceof GatewayError) return thrown
  const { name = '', $metadata } = (thrown ?? {}) as { name?: string; $metadata?: { httpStatusCode?: unknown } }
  const status = $metadata?.httpStatusCode
  if (THROTTLED.includes(name)) return new UpstreamFailure({ status: 429 })
  if (WAITING_HELPS.includes(name)) return new UpstreamFailure({ status: 503 })
  if (typeof status !== 'number') return new UpstreamFailure({})
  if (status < 400) return new GatewayError('upstream_unavailable', 'upstream_garbage', { retryAfterSeconds: 1 })
  return new UpstreamFailure({ status })
}
