import { z } from 'zod'
import { Secret } from '../secrets/secret.ts'

export type IdentityEnvironment = Record<string, string | undefined>

type Application = { tenant: string; clientId: string }

/**
 * The application or user of the SDK's `AZURE_*` variables, in the SDK's order: secret, certificate, user. Throws a sentence
 * that names what is missing, without any value.
 */
export function readAzureEnvironment(env: IdentityEnvironment) {
  const application = readApplication(env, 'Environment')
  const { AZURE_CLIENT_SECRET: secret, AZURE_CLIENT_CERTIFICATE_PATH: path } = env
  const { AZURE_USERNAME: username, AZURE_PASSWORD: password } = env
  if (secret) return { kind: 'secret' as const, ...application, secret: new Secret(secret) }
  if (path) {
    const { AZURE_CLIENT_CERTIFICATE_PASSWORD: phrase, AZURE_CLIENT_SEND_CERTIFICATE_CHAIN: chain } = env
    const sendChain = /^(?:1|true)$/i.test(chain ?? '')
    const locked = phrase ? { password: new Secret(phrase) } : {}
    return { kind: 'certificate' as const, ...application, path, sendChain, ...locked }
  }
  if (username && password)
    return { kind: 'password' as const, ...application, username, password: new Secret(password) }
  throw new Error(`"Environment" needs ${ONE_OF}`)
}

const ONE_OF =
  'AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH, or AZURE_USERNAME with AZURE_PASSWORD; on Azure name a managed identity'

/** The service account's token file that the platform mounts. Throws like {@link readAzureEnvironment}. */
export function readTokenFile(env: IdentityEnvironment) {
  const application = readApplication(env, 'WorkloadIdentity')
  const { AZURE_FEDERATED_TOKEN_FILE: tokenFile } = env
  if (!tokenFile) throw new Error('"WorkloadIdentity" needs AZURE_FEDERATED_TOKEN_FILE, the path of the token')
  return { kind: 'workload' as const, ...application, tokenFile }
}

function readApplication(env: IdentityEnvironment, name: string): Application {
  const guids = ['AZURE_TENANT_ID', 'AZURE_CLIENT_ID'].map((variable) => {
    const value = z.guid().safeParse(env[variable])
    if (!value.success) throw new Error(`"${name}" needs ${variable}, a GUID`)
    return value.data
  })
  const [tenant = '', clientId = ''] = guids
  return { tenant, clientId }
}
