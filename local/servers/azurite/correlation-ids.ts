import { createHmac } from 'node:crypto'

type Values = { correlationId?: string | undefined }
type Signed = [signature: string, text: string]
type Sign = (values: Values, resource: string, account: string, key: Buffer) => Signed
type Authenticator = {
  getBlobSASSignatureValuesFromRequest(request: { getQuery(name: string): string | undefined }): Values | undefined
}

/** Line of the text that is signed, from version 2020-02-10 on. */
const CORRELATION_LINE = 12

/**
 * Azurite leaves out the correlation id (`scid`) where it signs a user-delegation SAS anew to compare, so it refuses every
 * SAS that has one. This puts it in its line, and changes nothing else
 * (learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas, signedCorrelationId).
 */
export async function signCorrelationIds(): Promise<void> {
  // @ts-expect-error the package has no types
  const checks = (await import('azurite/dist/src/blob/authentication/BlobSASAuthenticator.js')) as {
    default: { default: { prototype: Authenticator } }
  }
  // @ts-expect-error the package has no types
  const signing = (await import('azurite/dist/src/blob/authentication/IBlobSASSignatureValues.js')) as {
    default: { generateBlobSASSignatureWithUDK: Sign }
  }
  const { prototype } = checks.default.default
  const read = prototype.getBlobSASSignatureValuesFromRequest
  prototype.getBlobSASSignatureValuesFromRequest = function (this: Authenticator, ...asked) {
    const values = read.apply(this, asked)
    return values && { ...values, correlationId: asked[0].getQuery('scid') }
  }
  const sign = signing.default.generateBlobSASSignatureWithUDK
  signing.default.generateBlobSASSignatureWithUDK = (values, resource, account, key) => {
    const [signature, text] = sign(values, resource, account, key)
    if (values.correlationId === undefined) return [signature, text]
    const whole = text.split('\n').with(CORRELATION_LINE, values.correlationId).join('\n')
    return [createHmac('sha256', key).update(whole).digest('base64'), whole]
  }
}
