import { hash } from 'node:crypto'

/** What the journal keeps of an issued token: SHA-256 of its text, base64url. Tokens carry a signature, so nobody can guess one from it. */
export function hashToken(text: string): string {
  return hash('sha256', text, 'base64url')
}
