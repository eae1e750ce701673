/**
 * The URI of a request as `htu` is compared (RFC 9449 §4.3, check 9): without query and fragment, after the syntax-based
 * and scheme-based normalization of RFC 3986 §6.2. Undefined for what is no http(s) URI or names a user.
 */
export function comparableUri(text: string): string | undefined {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) return undefined
  return url.origin + url.pathname.replaceAll(/%[0-9a-fA-F]{2}/g, sameTriplet)
}

/** `%7E` and `~` are the same; `%2f` and `%2F` too, but not `/`. */
function sameTriplet(triplet: string): string {
  const char = String.fromCharCode(Number.parseInt(triplet.slice(1), 16))
  return /[A-Za-z0-9\-._~]/.test(char) ? char : triplet.toUpperCase()
}
