/** Hosts that may be called: names, ends of names, and in a local run ports of this machine. */
export type AllowedHosts = {
  exact: ReadonlySet<string>
  /** Each begins with its dot. */
  suffixes: readonly string[]
  /** `127.0.0.1:<port>`. */
  local: ReadonlySet<string>
}

export const NO_HOSTS: AllowedHosts = { exact: new Set(), suffixes: [], local: new Set() }

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
/** At least two labels, the last of them no number: an address is no name. */
const HOST = new RegExp(`^(?:${LABEL}\\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$`)
const LOCAL = /^127\.0\.0\.1:[1-9]\d{0,4}$/

/** Reads `host,*.suffix`; with `stubs` also `127.0.0.1:<port>`. Throws an Error that says what is wrong. */
export function readAllowedHosts(text: string, { stubs }: { stubs: boolean }): AllowedHosts {
  const items = text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
  for (const item of items) {
    if (LOCAL.test(item) && stubs) continue
    if (!HOST.test(item.replace(/^\*\./, ''))) {
      throw new Error(`\`${item}\` is neither a host name in lower case nor \`*.\` and the end of one`)
    }
  }
  return {
    exact: new Set(items.filter((item) => HOST.test(item))),
    suffixes: items.filter((item) => item.startsWith('*.')).map((item) => item.slice(1)),
    local: new Set(items.filter((item) => LOCAL.test(item))),
  }
}

export type JudgedUrl = { url: URL; isLocal: boolean } | { refused: 'callback_malformed' | 'callback_not_allowed' }

/** Printable ASCII without blank, quotes or backslash: what one parser reads, every other reads alike. */
const PLAIN = /^https:\/\/[!#-[\]^-~]{1,2040}$/

/**
 * Whether a URL may be called at all, before anything is resolved: https, no user information, no fragment, port 443, and a
 * host that the setting names. INVARIANT: the parsed URL is what is called, never the text.
 */
export function judgeUrl(text: string, allowed: AllowedHosts): JudgedUrl {
  if (!PLAIN.test(text) || !URL.canParse(text)) return { refused: 'callback_malformed' }
  const url = new URL(text)
  const authority = /^https:\/\/([^/?#]*)/.exec(text)?.[1] ?? ''
  if (url.protocol !== 'https:' || authority.includes('@') || url.hash !== '' || text.includes('#')) {
    return { refused: 'callback_malformed' }
  }
  // A name that the parser had to change was written to look like another.
  if (authority.replace(/:443$/, '') !== url.host) return { refused: 'callback_malformed' }
  if (allowed.local.has(url.host)) return { url, isLocal: true }
  if (url.port !== '' || !HOST.test(url.hostname)) return { refused: 'callback_not_allowed' }
  const isNamed = allowed.exact.has(url.hostname) || allowed.suffixes.some((suffix) => url.hostname.endsWith(suffix))
  return isNamed ? { url, isLocal: false } : { refused: 'callback_not_allowed' }
}
