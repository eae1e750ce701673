import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeAtomically } from './atomic-file.ts'
import { holdLock } from './lock.ts'

/** PEM files by path, or their texts. */
export type Certificates = { ca: string; cert: string; key: string }

const DAY_MS = 86_400_000
const VALID_DAYS = 397
const RENEW_BEFORE_DAYS = 30

const DNS_NAMES = [
  'localhost',
  '*.vault.azure.net',
  '*.table.core.windows.net',
  '*.blob.core.windows.net',
  '*.queue.core.windows.net',
  'login.microsoftonline.com',
  'sts.windows.net',
  '*.vault.azure.cn',
  '*.table.core.chinacloudapi.cn',
  'login.partner.microsoftonline.cn',
  'sts.chinacloudapi.cn',
  '*.vault.usgovcloudapi.net',
  '*.table.core.usgovcloudapi.net',
  'login.microsoftonline.us',
  'oidc.sallyport.test',
  'graph.microsoft.com',
  'microsoftgraph.chinacloudapi.cn',
  'graph.microsoft.us',
  'management.azure.com',
  'management.chinacloudapi.cn',
  'management.usgovcloudapi.net',
  'sts.googleapis.com',
  'iamcredentials.googleapis.com',
  'oauth2.googleapis.com',
  'www.googleapis.com',
  'sts.amazonaws.com',
  'sts.eu-central-1.amazonaws.com',
  'sts.us-east-1.amazonaws.com',
  '*.azurecr.io',
  '*.webpubsub.azure.com',
  '*.postgres.database.azure.com',
]
const ADDRESSES = ['127.0.0.1', '::1']

/**
 * The CA certificate that local clients trust, and the server certificate it signed; made once per state folder and
 * again 30 days before they end. The CA's private key is thrown away at once, so nobody who reads the folder can make
 * a certificate for another name.
 */
export async function ensureCertificates(stateDir: string, now: () => number): Promise<Certificates> {
  const folder = join(stateDir, 'tls')
  const paths = { ca: join(folder, 'ca.pem'), cert: join(folder, 'server.pem'), key: join(folder, 'server-key.pem') }
  if (await stillGood(paths, now())) return paths
  const lock = await holdLock(join(folder, 'lock'), { what: `the certificates' folder ${folder}`, waitMs: 20_000 })
  try {
    if (!(await stillGood(paths, now()))) await write(paths, await issue(now()))
  } finally {
    await lock.release()
  }
  return paths
}

/** The certificate goes last: a crash in between leaves a set that `stillGood` refuses. */
async function write(paths: Certificates, made: Certificates): Promise<void> {
  await writeAtomically(paths.key, made.key)
  await writeAtomically(paths.ca, made.ca)
  await writeAtomically(paths.cert, made.cert)
}

async function stillGood({ ca, cert, key }: Certificates, at: number): Promise<boolean> {
  try {
    const [caPem, certPem, keyPem] = await Promise.all([ca, cert, key].map((path) => readFile(path, 'utf8')))
    const authority = new X509Certificate(caPem ?? '')
    const server = new X509Certificate(certPem ?? '')
    const soonest = Math.min(authority.validToDate.getTime(), server.validToDate.getTime())
    return (
      soonest - at > RENEW_BEFORE_DAYS * DAY_MS &&
      authority.validFromDate.getTime() <= at &&
      server.verify(authority.publicKey) &&
      server.checkPrivateKey(createPrivateKey(keyPem ?? '')) &&
      DNS_NAMES.every((name) => server.checkHost(name.replace('*', 'x')) !== undefined) &&
      ADDRESSES.every((address) => server.checkIP(address) !== undefined)
    )
  } catch {
    return false
  }
}

/** PEM texts of a new CA and of the server certificate it signed. */
async function issue(at: number): Promise<Certificates> {
  // A fifth of what a server loads, and one start in many needs it.
  const { generate } = (await import('selfsigned')).default
  const life = { notBeforeDate: new Date(at - DAY_MS), notAfterDate: new Date(at + VALID_DAYS * DAY_MS) }
  const common = { ...life, keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const
  const authority = await generate(
    [{ name: 'commonName', value: `Sallyport local CA ${new Date(at).toISOString()}` }],
    {
      ...common,
      extensions: [
        { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
        { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
      ],
    },
  )
  const server = await generate([{ name: 'commonName', value: 'Sallyport local servers' }], {
    ...common,
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          ...DNS_NAMES.map((value) => ({ type: 2 as const, value })),
          ...ADDRESSES.map((ip) => ({ type: 7 as const, ip })),
        ],
      },
    ],
  })
  return { ca: authority.cert, cert: server.cert, key: server.private }
}
