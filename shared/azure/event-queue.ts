import type { TokenCredential } from '@azure/identity'
import type { ReceiveMessages } from '../rotation/event-queue.ts'
import { type ClientDeps, clientOptions } from './client-options.ts'
import { failureOf } from './failure.ts'
import { sharedOnce } from './once.ts'
import { QUEUES } from './storage-names.ts'
import { StorageError } from './table.ts'

const HIDDEN_SECONDS = 120
const AT_A_TIME = 32
const CALL_MS = 10_000

export type EventQueueDeps = ClientDeps & { credential: TokenCredential; endpoint: string }

/** Key Vault's events, which Event Grid puts on a queue of the data storage account. The SDK is imported at the first call. */
export function createEventQueue({ credential, endpoint, ...deps }: EventQueueDeps): ReceiveMessages {
  const open = sharedOnce(async () => {
    const { QueueClient } = await import('@azure/storage-queue')
    const { retryOptions: _, ...options } = clientOptions(endpoint, deps)
    const url = `${endpoint}/${QUEUES.keyVaultEvents}`
    return new QueueClient(url, credential, { ...options, retryOptions: { maxTries: 1 } })
  })
  return async () => {
    const queue = await open()
    const { receivedMessageItems } = await told(() =>
      queue.receiveMessages({
        numberOfMessages: AT_A_TIME,
        visibilityTimeout: HIDDEN_SECONDS,
        abortSignal: AbortSignal.timeout(CALL_MS),
      }),
    )
    return receivedMessageItems.map(({ messageId, popReceipt, messageText, dequeueCount }) => ({
      text: messageText,
      deliveries: dequeueCount,
      remove: async () => {
        await told(() => queue.deleteMessage(messageId, popReceipt, { abortSignal: AbortSignal.timeout(CALL_MS) }), 404)
      },
    }))
  }
}

/** 404 at a removal: it came out of hiding, and whoever has it now removes it. */
async function told<T>(call: () => Promise<T>, fine?: number): Promise<T> {
  try {
    return await call()
  } catch (error) {
    const failure = failureOf(error)
    if (failure.kind === 'status' && failure.status === fine) return undefined as T
    const throttled = failure.kind === 'status' && (failure.status === 429 || failure.status === 503)
    throw new StorageError(throttled ? 'throttled' : 'unreachable')
  }
}
