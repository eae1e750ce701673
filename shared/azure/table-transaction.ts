import { type Change, StorageError } from './table.ts'
import { checkKey } from './table-keys.ts'
import { type Entity, toEntity } from './table-rows.ts'

const MAX_CHANGES = 100

/** ETags of the deletions of one batch, in order, found by the abort signal of its request. */
export type DeleteEtags = WeakMap<object, string[]>

type Action = ['create', Entity] | ['update', Entity, 'Replace', { etag: string }] | ['delete', Entity]

/** Turns changes into the SDK's actions; throws StorageError unless they are 1 to 100 of one partition with real ETags. */
export function toActions(changes: readonly Change[]): { actions: Action[]; etags: string[] } {
  if (changes.length < 1 || changes.length > MAX_CHANGES) throw new StorageError('rejected')
  const etags: string[] = []
  const actions = changes.map((change): Action => {
    if (change.act !== 'insert' && !ETAG.test(change.etag)) throw new StorageError('rejected')
    if (change.act === 'insert') return ['create', toEntity(change.row)]
    if (change.act === 'replace') return ['update', toEntity(change.row), 'Replace', { etag: change.etag }]
    const { partitionKey, rowKey, etag } = change
    checkKey(partitionKey)
    checkKey(rowKey)
    etags.push(etag)
    return ['delete', { partitionKey, rowKey }]
  })
  if (new Set(actions.map(([, { partitionKey }]) => partitionKey)).size !== 1) throw new StorageError('rejected')
  return { actions, etags }
}

/** One header line; never the wildcard. */
const ETAG = /^(?!\*$)[\x20-\x7e]{1,256}$/

type BatchRequest = { body?: unknown; abortSignal?: object | undefined }

/** Start line of a deletion up to its `If-Match`, which the SDK writes as `*`. */
const DELETION = /(\r?\nDELETE [^\r\n]+ HTTP\/1\.1\r?\n(?:[^\r\n]+\r?\n)*?[Ii]f-[Mm]atch: )\*(?=\r?\n)/g

/**
 * The SDK has no way to give a deletion inside a transaction its ETag: it drops the option and sends `If-Match: *`. This
 * policy writes the ETags into the assembled batch. INVARIANT: a batch whose deletions do not match the ETags never leaves.
 */
export function deleteEtagPolicy(deleteEtags: DeleteEtags) {
  return {
    name: 'sallyportDeleteEtag',
    async sendRequest<R extends BatchRequest, A>(request: R, next: (request: R) => Promise<A>): Promise<A> {
      const etags = request.abortSignal && deleteEtags.get(request.abortSignal)
      if (!etags?.length) return next(request)
      let written = 0
      const body = String(request.body).replaceAll(DELETION, (_, head: string) => `${head}${etags[written++]}`)
      if (written !== etags.length || /\nif-match: \*\r?\n/i.test(body)) {
        throw new Error('deletions of a transaction do not match their ETags')
      }
      request.body = body
      return next(request)
    },
  }
}
