import { randomBytes } from 'node:crypto'

/** What an opaque access token stands for. */
export type GoogleToken = {
  /** A federated principal (`principal://…`, of a pool) or a service account. */
  holder: { principal: string; pool: string } | { email: string }
  scope: readonly string[]
  /** Milliseconds since the epoch. */
  expiresAt: number
  /** Credential access boundary of a downscoped token. */
  boundary?: unknown
}

export type AccessTokens = {
  issue(token: GoogleToken): string
  /** Undefined when it is none of ours or has ended. */
  find(text: string): GoogleToken | undefined
}

const MAX_TOKENS = 5_000

export function createAccessTokens(now: () => number): AccessTokens {
  const tokens = new Map<string, GoogleToken>()
  return {
    issue(token) {
      if (tokens.size >= MAX_TOKENS) tokens.delete(tokens.keys().next().value ?? '')
      const text = `ya29.${randomBytes(48).toString('base64url')}`
      tokens.set(text, token)
      return text
    },
    find: (text) => {
      const token = tokens.get(text)
      return token && token.expiresAt > now() ? token : undefined
    },
  }
}

export const bearerIn = (authorization: string | undefined) => /^bearer\s+(\S+)$/i.exec(authorization ?? '')?.[1] ?? ''
