import type { z } from 'zod'
import { GatewayError } from '../errors.ts'
import { JsonFault, parseStrictJson } from '../strict-json.ts'
import type { GatewayRequest } from './endpoint.ts'
import { zodDetail } from './zod-detail.ts'

/** Enough for every native body but a secret's value, which asks for more. */
const DEFAULT_MAX_BYTES = 64 * 1024
const MAX_FORM_PARAMETERS = 64

const JSON_FAULTS: Record<JsonFault['reason'], string> = {
  syntax: 'the body is not JSON',
  depth: 'the body is nested deeper than 32 levels',
  duplicate_key: 'the body names a field twice',
  forbidden_key: 'the body has a field of a reserved name',
}

/** Reads a JSON body by a strict schema. Throws `length_required`, `payload_too_large`, `unsupported_media_type` or `invalid_request`. */
export async function readJson<T>(
  request: GatewayRequest,
  schema: z.ZodType<T>,
  { maxBytes = DEFAULT_MAX_BYTES }: { maxBytes?: number } = {},
): Promise<T> {
  const text = await readText(request, 'application/json', maxBytes)
  let value: unknown
  try {
    value = parseStrictJson(text)
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error
    throw new GatewayError('invalid_request', `body_${error.reason}`, { detail: JSON_FAULTS[error.reason] })
  }
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw new GatewayError('invalid_request', 'body_schema', { detail: zodDetail(parsed.error) })
  return parsed.data
}

/**
 * Reads a form body (RFC 6749 §3.2: UTF-8, no parameter twice, one without a value counts as absent). Unknown
 * parameters are left in for the caller to ignore, and `repeatable` ones as often as they came.
 */
export async function readForm(
  request: GatewayRequest,
  { repeatable = [] }: { repeatable?: readonly string[] } = {},
): Promise<URLSearchParams> {
  const text = await readText(request, 'application/x-www-form-urlencoded', DEFAULT_MAX_BYTES)
  if (/%(?![0-9a-fA-F]{2})/.test(text)) throw malformed('form_percent', 'the form is not percent-encoded properly')
  const sent = [...new URLSearchParams(text)]
  if (sent.length > MAX_FORM_PARAMETERS) throw malformed('form_parameters', 'the form has more than 64 parameters')
  const form = new URLSearchParams()
  for (const [name, value] of sent) {
    // The decoder replaces bytes that are no UTF-8 instead of refusing them.
    if (name.includes('\uFFFD') || value.includes('\uFFFD')) throw malformed('form_encoding', 'the form is not UTF-8')
    if (form.has(name) && !repeatable.includes(name))
      throw malformed('form_duplicate', 'the form names a parameter twice')
    form.append(name, value)
  }
  for (const [name, value] of sent) if (value === '') form.delete(name, '')
  return form
}

const malformed = (reason: string, detail: string) => new GatewayError('invalid_request', reason, { detail })

async function readText(request: GatewayRequest, contentType: string, maxBytes: number): Promise<string> {
  checkHeaders(request, contentType, maxBytes)
  const bytes = await request.body()
  if (bytes.byteLength > maxBytes) throw tooLarge(maxBytes)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw malformed('body_encoding', 'the body is not UTF-8')
  }
}

/** Everything that can be refused before a byte of the body is looked at. */
function checkHeaders(request: GatewayRequest, contentType: string, maxBytes: number): void {
  const encoding = request.header('content-encoding')
  if (encoding && encoding.toLowerCase() !== 'identity') {
    throw new GatewayError('unsupported_media_type', 'content_encoding', { detail: 'send the body uncompressed' })
  }
  const [type, ...parameters] = (request.header('content-type') ?? '')
    .split(';')
    .map((part) => part.trim().toLowerCase())
  const charset = parameters
    .find((parameter) => parameter.startsWith('charset='))
    ?.slice(8)
    .replaceAll('"', '')
  if (type !== contentType || (charset !== undefined && charset !== 'utf-8')) {
    throw new GatewayError('unsupported_media_type', 'content_type', { detail: `send ${contentType} in UTF-8` })
  }
  const length = request.header('content-length')
  if (length === undefined || request.header('transfer-encoding') !== undefined) {
    throw new GatewayError('length_required', 'no_content_length')
  }
  if (!/^\d{1,15}$/.test(length)) throw malformed('content_length', 'the Content-Length is not a number')
  if (Number(length) > maxBytes) throw tooLarge(maxBytes)
}

const tooLarge = (maxBytes: number) =>
  new GatewayError('payload_too_large', 'body_too_large', { detail: `the body may have ${maxBytes} bytes` })
