/** The pieces of a good request that only the test's run knows. */
export type Facts = {
  bearer: string
  version: string
  /** Pieces that serve one request that succeeds: what `$<name>` in a recipe stands for. */
  fresh: Readonly<Record<string, () => Promise<string | Record<string, string>>>>
}

/** `$bearer`, `$version` and the names of fresh pieces stand for them wherever a recipe holds text. */
export type Recipe = {
  /** `form`: the token is a parameter, and `Authorization` may come beside it. */
  credential: 'bearer' | 'form' | 'none'
  /** Whose credential: a grant's of its own, `$parent`, instead of the caller's token. */
  presents?: 'grant'
  params?: Record<string, string>
  query?: string
  /** One known query parameter, which must not come twice. */
  repeatable?: string
  /** Queries that are refused; absent where the query is nobody's business. */
  badQueries?: readonly string[]
  body?: JsonBody | FormBody
  /** A method that usually has a body takes none here. */
  bodiless?: true
  /** Status of a repeat under the same `Idempotency-Key`, where it is not the first one's. */
  repeat?: number
}

export type JsonBody = {
  kind: 'json'
  maxBytes: number
  good: Record<string, unknown>
  required: readonly string[]
  /** A field that holds documents: those are judged themselves, with a 422 and a pointer for every fault. */
  judged?: string
}
export type FormBody = { kind: 'form'; maxBytes: number; good: Record<string, string>; required: readonly string[] }
