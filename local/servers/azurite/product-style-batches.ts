/** `/account/table`, Azurite's own style, or a production host followed by `/table`. */
const PATH = /^https?:\/\/(?:[^/]+\.[a-z]+(?::\d+)?|[^/]+\/\w+)\/(\w+)/i

type Batches = { prototype: { extractPath(uri: string): RegExpMatchArray | null } }

/**
 * Azurite takes production-style hosts (`https://<account>.table.core.windows.net/<table>`) everywhere but inside a
 * transaction, where it looks for `/<account>/<table>` and answers 500. This reads both styles there.
 */
export async function readProductStyleBatches(): Promise<void> {
  // @ts-expect-error the package has no types
  const loaded = (await import('azurite/dist/src/table/batch/BatchSerialization.js')) as {
    default: { BatchSerialization: Batches }
  }
  loaded.default.BatchSerialization.prototype.extractPath = (uri) => uri.match(PATH)
}
