/** How one error shows: on native routes, on OAuth routes and in docs/errors.md. */
export type ErrorSpec = {
  /** HTTP status on native routes. */
  status: number
  /** Public sentence: RFC 9457 `title` and default `detail`. */
  title: string
  /** What the caller can do about it (docs/errors.md). */
  remedy: string
  /** `error` code and status on OAuth routes (RFC 6749 §5.2, RFC 8693 §2.2.2); absent where such a route cannot answer it. */
  oauth?: { error: string; status: number }
}

/** `error` and status of an OAuth answer. */
export const oauth = (error: string, status = 400) => ({ error, status })
