import type { FederationTokens } from '../../shared/tokens/federation-token.ts'
import { httpsCall } from './https-call.ts'
import type { TestRig } from './rig.ts'

type Wanted = {
  federation: FederationTokens
  /** `projects/<number>/…` of a provider that trusts the federation's key. */
  provider: string
  target: string
  email: string
  audience: string
}

/** An ID token as a workload on Google would have it: STS exchange, then IAM Credentials, without any client library. */
export async function googleIdToken({ agent }: Pick<TestRig, 'agent'>, wanted: Wanted): Promise<string> {
  const { federation, provider, target, email, audience } = wanted
  const form = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    subject_token: await federation({ audience: `https://iam.googleapis.com/${provider}`, target }),
    audience: `//iam.googleapis.com/${provider}`,
    scope: 'https://www.googleapis.com/auth/cloud-platform',
  })
  const sts = await httpsCall('https://sts.googleapis.com/v1/token', {
    ...{ agent, method: 'POST', body: form.toString() },
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })
  const url = `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${email}:generateIdToken`
  const { json } = await httpsCall(url, {
    ...{ agent, method: 'POST', body: JSON.stringify({ audience, includeEmail: true }) },
    headers: { authorization: `Bearer ${sts.json['access_token']}`, 'content-type': 'application/json' },
  })
  return String(json['token'])
}
