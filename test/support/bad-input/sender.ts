import { type Received, sendRequest } from '../../local/functions-host/support/send-request.ts'
import { type Facts, type Known, pathOf } from './recipes.ts'

export type Sent = {
  method?: string
  /** Path parameters as they go over the wire. */
  params?: Record<string, string>
  /** The whole path, instead of the operation's. */
  path?: string
  /** Comes after the recipe's own query. */
  query?: string
  /** Over the good headers; undefined takes one away. */
  headers?: Record<string, string | undefined>
  /** Instead of the good body; null sends none. */
  body?: string | Buffer | null
  chunked?: boolean
  /** Fresh pieces by name: what stands here is used, what does not is made and put here. */
  pieces?: Map<string, string>
}

const TYPES = { json: 'application/json', form: 'application/x-www-form-urlencoded' }

/** Sends an operation's good request with what a test changes in it. */
export function createSender(port: number, facts: Facts) {
  const fill = (text: string, pieces: ReadonlyMap<string, string>) =>
    [...pieces].reduce(
      (filled, [name, piece]) => filled.replaceAll(`$${name}`, piece),
      text.replaceAll('$bearer', facts.bearer).replaceAll('$version', facts.version),
    )

  async function makePieces(texts: readonly unknown[], pieces: Map<string, string>): Promise<void> {
    for (const [name, make] of Object.entries(facts.fresh)) {
      const isWanted = texts.some((text) => typeof text === 'string' && text.includes(`$${name}`))
      if (!isWanted || pieces.has(name)) continue
      const made = await make()
      for (const [each, piece] of Object.entries(typeof made === 'string' ? { [name]: made } : made))
        pieces.set(each, piece)
    }
  }

  return async (operation: Known, changes: Sent = {}): Promise<Received> => {
    const { recipe } = operation
    const query = [recipe.query, changes.query].filter(Boolean).join('&')
    const path = `${changes.path ?? pathOf(operation, changes.params)}${query && `?${query}`}`
    const good = recipe.body && goodBody(operation)
    const body = changes.body === undefined ? good : (changes.body ?? undefined)
    const pieces = changes.pieces ?? new Map<string, string>()
    const authorization = recipe.presents ? 'Bearer $credential' : 'Bearer $bearer'
    await makePieces([path, body, recipe.presents && authorization], pieces)
    const filled = (text: string) => fill(text, pieces)
    const wanted = {
      ...(recipe.credential === 'bearer' && { authorization }),
      ...(recipe.body && { 'content-type': TYPES[recipe.body.kind] }),
      ...(changes.chunked && { 'transfer-encoding': 'chunked' }),
      ...changes.headers,
    }
    const headers = Object.entries(wanted).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, filled(value)] as const],
    )
    return sendRequest(
      {
        method: changes.method ?? operation.method,
        path: filled(path),
        headers: Object.fromEntries(headers),
        ...(body !== undefined && { body: typeof body === 'string' ? filled(body) : toJson(body) }),
        ...(changes.chunked && { chunked: true }),
      },
      port,
    )
  }
}

export type Send = ReturnType<typeof createSender>

/** The good body's text, `$` names still in it. */
export function goodBody({ recipe, title }: Known): string {
  if (!recipe.body) throw new Error(`${title} takes no body`)
  if (recipe.body.kind === 'json') return JSON.stringify(recipe.body.good)
  return formText(Object.entries(recipe.body.good))
}

/** The `$` names stay readable for {@link createSender}; what they stand for needs no encoding. */
export const formText = (parameters: readonly (readonly [string, string])[]) =>
  new URLSearchParams(parameters.map(([name, value]): [string, string] => [name, value]))
    .toString()
    .replaceAll('%24', '$')

const toJson = (bytes: Buffer) => ({ type: 'Buffer' as const, data: [...bytes] })
