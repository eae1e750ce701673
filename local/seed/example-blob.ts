import type { Agent } from 'node:https'
import type { TokenCredential } from '@azure/identity'
import { BlobServiceClient, RestError } from '@azure/storage-blob'
import { REPORTS_ACCOUNT } from '../servers/environment.ts'

type BlobDeps = { credential: TokenCredential; agent: Agent }

const REPORT = 'month,invoices,total\n2026-10,1204,88310.50\n2026-11,1187,90122.75\n'

/** The blob that target `reports-blob` gives access to, in an account that is not the gateway's; what exists stays. */
export async function seedExampleBlob({ credential, agent }: BlobDeps): Promise<void> {
  const endpoint = `https://${REPORTS_ACCOUNT}.blob.core.windows.net`
  // The client hands every option to its pipeline, though its type does not name this one.
  const options: object = { agent }
  const container = new BlobServiceClient(endpoint, credential, options).getContainerClient('reports')
  await unlessThere(container.create())
  await unlessThere(
    container.getBlockBlobClient('2026/invoices.csv').upload(REPORT, REPORT.length, {
      blobHTTPHeaders: { blobContentType: 'text/csv' },
      conditions: { ifNoneMatch: '*' },
    }),
  )
}

async function unlessThere(made: Promise<unknown>): Promise<void> {
  try {
    await made
  } catch (error) {
    if (!(error instanceof RestError) || error.statusCode !== 409) throw error
  }
}
