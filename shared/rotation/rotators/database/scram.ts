import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'

const derive = promisify(pbkdf2)

/** What PostgreSQL itself uses (RFC 7677 §4 asks for at least as many). */
const ITERATIONS = 4_096
const SALT_BYTES = 16

/**
 * The verifier that PostgreSQL stores of an ASCII password (RFC 5803 in its own notation). Sending it instead of the password
 * keeps the password out of the statement, and so out of every log of the server.
 */
export async function scramVerifier(password: string, salt = randomBytes(SALT_BYTES)): Promise<string> {
  const salted = await derive(password, salt, ITERATIONS, 32, 'sha256')
  const keyOf = (what: string) => createHmac('sha256', salted).update(what).digest()
  const stored = createHash('sha256').update(keyOf('Client Key')).digest('base64')
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${stored}:${keyOf('Server Key').toString('base64')}`
}
