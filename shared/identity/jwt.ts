import { parseStrictJson } from '../strict-json.ts'
import { LIMITS } from './limits.ts'
import { type Refused, refused } from './refusal.ts'

export type JsonObject = Record<string, unknown>

export type Jwt = { header: JsonObject; payload: JsonObject }

/**
 * The strict gate (RFC 8725bis "Check JWT Format Type"): exactly one text per token. A lenient decoder takes spaces,
 * padding and stray trailing bits, and so byte-different copies of one token (F2). Nothing here is trusted yet.
 */
export function parseJwt(token: string, maxHeaderDepth: number = LIMITS.maxHeaderDepth): Jwt | Refused {
  if (token.length > LIMITS.maxTokenBytes) return refused('token_too_long')
  const parts = token.split('.', 4)
  const [header, payload, signature] = parts.map(decodePart)
  if (parts.length !== 3 || !header || !payload || !signature) return refused('token_not_jwt')
  const parsed = {
    header: parseObject(header, maxHeaderDepth),
    payload: parseObject(payload, LIMITS.maxPayloadDepth),
  }
  return parsed.header && parsed.payload
    ? { header: parsed.header, payload: parsed.payload }
    : refused('token_not_json')
}

/** Bytes of a non-empty base64url text that encodes back to itself: no padding, no other alphabet, no stray bits. */
function decodePart(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url')
  return part !== '' && bytes.toString('base64url') === part ? bytes : undefined
}

/** Fatal: a replaced byte would make different signed claims look alike. A byte order mark stays, and is a syntax fault. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function parseObject(bytes: Buffer, maxDepth: number): JsonObject | undefined {
  try {
    const value = parseStrictJson(utf8.decode(bytes), { maxDepth })
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
