import { UpstreamFailure } from '../tokens/broker/upstream-failure.ts'
import { type FileFault, IdentityFault } from './identity-files.ts'
import type { IdentitySource } from './identity-source.ts'

/** Why the gateway's own identity gives no token, and what to do: codes and names of settings, never a value. */
export type IdentityTrouble = { why: string; remedy: string }

/** Explains what came of a request for a token of that source. */
export function explainIdentity(source: IdentitySource, thrown: unknown): IdentityTrouble {
  if (thrown instanceof IdentityFault) return { why: FILE_FAULTS[thrown.fault], remedy: fileRemedy(source) }
  const { status, error, aadsts } = thrown instanceof UpstreamFailure ? thrown.answer : {}
  const code = aadsts === undefined ? (error ?? `status ${status}`) : `AADSTS${aadsts}`
  if (status === undefined)
    return UNREACHED[source.kind === 'managed' || source.kind === 'chain' ? source.kind : 'entra']
  if (status === 429 || status >= 500)
    return { why: `no token now (status ${status})`, remedy: 'wait: it is asked again by itself' }
  if (aadsts === 90002)
    return {
      why: `the tenant is unknown here (${code})`,
      remedy: `correct ${names(source).tenant}, or SALLYPORT_CLOUD`,
    }
  if (aadsts === 700016 || error === 'unauthorized_client') {
    return {
      why: `the tenant does not know the application (${code})`,
      remedy: `correct ${names(source).client} or ${names(source).tenant}`,
    }
  }
  return { why: `the ${REFUSED[source.kind]} is refused (${code})`, remedy: REMEDIES[source.kind] }
}

const FILE_FAULTS: Record<FileFault, string> = {
  file_missing: 'the file does not exist',
  file_unreadable: 'the file cannot be read',
  file_malformed: 'the file does not have the form of a credential',
  certificate_expired: 'the certificate has expired',
  certificate_not_yet_valid: 'the certificate is not valid yet',
}

const fileRemedy = ({ kind }: IdentitySource) =>
  kind === 'certificate'
    ? 'AZURE_CLIENT_CERTIFICATE_PATH must name a PEM file with a valid certificate and its private key'
    : 'AZURE_FEDERATED_TOKEN_FILE must name the token that the platform mounts and renews'

const names = ({ kind }: IdentitySource) =>
  kind === 'assertion'
    ? { tenant: 'TenantId in SALLYPORT_IDENTITY', client: 'ClientId in SALLYPORT_IDENTITY' }
    : { tenant: 'AZURE_TENANT_ID', client: 'AZURE_CLIENT_ID' }

const UNREACHED = {
  entra: {
    why: 'the authority does not answer',
    remedy: 'look at network, proxy and additional CA (docs/identity.md) and at SALLYPORT_CLOUD',
  },
  managed: {
    why: 'the identity endpoint of the host does not answer',
    remedy: 'run it where that managed identity is, or name another identity in SALLYPORT_IDENTITY',
  },
  chain: { why: 'nobody is signed in', remedy: 'run `az login`, or set the AZURE_* variables of another identity' },
}

const REFUSED: Record<IdentitySource['kind'], string> = {
  managed: 'managed identity',
  workload: 'assertion of the token file',
  assertion: 'assertion of the managed identity',
  secret: 'client secret',
  certificate: 'client certificate',
  password: 'user name or password',
  chain: 'identity that is signed in',
}

const FEDERATED = 'give the application a federated credential with exactly its issuer, subject and audience'

const REMEDIES: Record<IdentitySource['kind'], string> = {
  managed: 'attach that identity to the app, or name another in SALLYPORT_IDENTITY',
  workload: `${FEDERATED}; AZURE_FEDERATED_TOKEN_FILE must not have ended`,
  assertion: `attach the managed identity to the app; ${FEDERATED}`,
  secret: 'set AZURE_CLIENT_SECRET to the value (not the id) of a secret that has not expired',
  certificate:
    'register the certificate of AZURE_CLIENT_CERTIFICATE_PATH, which must not have expired, with the application',
  password: 'set AZURE_USERNAME and AZURE_PASSWORD anew; a user with a second factor cannot be used',
  chain: 'run `az login`, or set the AZURE_* variables of another identity',
}
