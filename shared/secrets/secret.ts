import { inspect } from 'node:util'
import { GatewayError } from '../errors.ts'
import type { Grant } from '../gate.ts'

const REDACTED = '[redacted]'

/**
 * A value that has no printable form. It leaves the process by `reveal`, which spends a Grant;
 * `within` lets the gateway compute over it (keyed hash, key import, upstream write) without handing it out.
 */
export class Secret {
  #value: string
  #resource: string | undefined

  /** Without a `resource` (`secret/<vault>/<name>`) the value can never be revealed: the gateway's own keys are made so. */
  constructor(value: string, resource?: string) {
    this.#value = value
    this.#resource = resource
  }

  /** Spends a Grant for `secret:get` on exactly this secret and gives the value for the response body. */
  reveal(grant: Grant): string {
    if (this.#resource === undefined) throw new GatewayError('internal', 'secret_not_revealable')
    grant.spend('secret:get', this.#resource)
    return this.#value
  }

  /** Runs `use` over the value; what it returns must not contain the value. Call sites are listed in test/architecture.test.ts. */
  within<T>(use: (value: string) => T): T {
    return use(this.#value)
  }

  /** UTF-16 units, for the bounds of caches. */
  get length(): number {
    return this.#value.length
  }

  toString(): string {
    return REDACTED
  }

  toJSON(): string {
    return REDACTED
  }

  [Symbol.toPrimitive](): string {
    return REDACTED
  }

  [inspect.custom](): string {
    return REDACTED
  }
}
