/** What a token can do in the wrong hands; part of every answer that carries one. */
export type BlastRadius = {
  /** RFC 3339: when it really ends. */
  expiresAt: string
  /** How it can be ended before: not at all, where introspection is asked, with the whole storage account, or at once. */
  revocable: 'no' | 'introspection' | 'account' | 'immediate'
  /** Effective scope, space-separated; empty when the target knows none. */
  scope: string
  /** What it is worth nothing without: `audience:<aud>`, `key:<RFC 7638 thumbprint>` (DPoP). */
  boundTo: readonly string[]
  /** Whose name it speaks in: a principal id. */
  issuedAs: string
  /** It rests on something that its service calls a preview. */
  preview?: true
}
