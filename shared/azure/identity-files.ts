import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'

export type FileFault =
  | 'file_missing'
  | 'file_unreadable'
  | 'file_malformed'
  | 'certificate_expired'
  | 'certificate_not_yet_valid'

/** A file that can be no credential, known before anybody was asked. */
export class IdentityFault extends Error {
  override readonly name = 'IdentityFault'
  readonly fault: FileFault

  constructor(fault: FileFault) {
    super(fault)
    this.fault = fault
  }
}

/** A token in a file: three parts. Whether it is good is the authority's to say. */
export async function readAssertionFile(path: string): Promise<void> {
  const text = (await read(path)).trim()
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(text)) throw new IdentityFault('file_malformed')
}

/** A PEM file with a certificate in its time and a private key. */
export async function readCertificateFile(path: string, now: () => number = Date.now): Promise<void> {
  const text = await read(path)
  const certificate = parse(text)
  if (!certificate || !/-----BEGIN (?:\w+ )*PRIVATE KEY-----/.test(text)) throw new IdentityFault('file_malformed')
  if (certificate.validToDate.getTime() <= now()) throw new IdentityFault('certificate_expired')
  if (certificate.validFromDate.getTime() > now()) throw new IdentityFault('certificate_not_yet_valid')
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new IdentityFault((error as { code?: string }).code === 'ENOENT' ? 'file_missing' : 'file_unreadable')
  }
}

/** The SDK sends the thumbprint of the first certificate of the file. */
function parse(text: string): X509Certificate | undefined {
  try {
    const [first = ''] = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(text) ?? []
    return new X509Certificate(first)
  } catch {
    return undefined
  }
}
