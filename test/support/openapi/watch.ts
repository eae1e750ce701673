import type { Received } from '../../local/functions-host/support/send-request.ts'
import type { Known } from '../bad-input/recipes.ts'
import type { Sent } from '../bad-input/sender.ts'
import { openApiDocument } from './document.ts'
import { faultOf } from './faults.ts'

/** Holds every answer that a test gets against the OpenAPI document, and keeps what is not as it says. */
export function createWatch() {
  const { operation: described, closed } = openApiDocument()
  const faults = new Set<string>()
  return {
    look({ method, endpoint, title }: Known, changes: Sent | undefined, answer: Received): void {
      // Of a path that is spelt in another way the host may have made another one.
      if (changes?.method || changes?.path || changes?.params || !answer.headers['x-sallyport-txn']) return
      const operation = described(method, `/${endpoint.route}`)
      const fault = operation ? faultOf(operation, answer, closed) : 'is not described'
      if (fault !== undefined) faults.add(`${title}: ${fault}`)
    },
    faults: () => [...faults],
  }
}
