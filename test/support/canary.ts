import { format, inspect } from 'node:util'

/** A value that stands nowhere but where a test put it. */
export const newCanary = (): string => `canary-${crypto.randomUUID()}`

/** Every way in which a thing could end up in a log, an error report or a dump, as one text to search. */
export function printed(...things: unknown[]): string {
  return things
    .flatMap((thing) => [
      inspect(thing, { depth: 30, showHidden: true, getters: true, maxArrayLength: null, maxStringLength: null }),
      json(thing),
      `${thing}`,
      format('%s %o %j', thing, thing, thing),
      thing instanceof Error ? `${thing.stack}${inspect(thing.cause)}` : '',
    ])
    .join('\n')
}

function json(thing: unknown): string {
  try {
    return JSON.stringify(thing, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)) ?? ''
  } catch {
    // What cannot be serialised cannot leave that way.
    return ''
  }
}
