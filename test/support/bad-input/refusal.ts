import { expect } from 'vitest'
import { ERRORS, type ErrorCode } from '../../../shared/errors.ts'
import type { Dialect } from '../../../shared/http/endpoint.ts'
import type { Received } from '../../local/functions-host/support/send-request.ts'

/** Stands in what a test sends and the gateway has no business to send back or to log. */
export const MARKER = 'zqx7-marker'

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const PROBLEM_MEMBERS = ['type', 'title', 'status', 'detail', 'instance', 'code']

/** Headers that every answer of the gateway has. */
export function expectOurs({ headers }: Received): void {
  expect(headers['x-sallyport-txn']).toMatch(UUID)
  expect(headers['x-content-type-options']).toBe('nosniff')
}

/** A refusal in the endpoint's dialect with nothing in it but what the table of errors allows. */
export function expectRefusal(answer: Received, code: ErrorCode, dialect: Dialect): void {
  const { status, headers, body } = answer
  expect({ status, body }).toMatchObject({ status: dialect === 'oauth' ? oauthOf(code).status : ERRORS[code].status })
  expectOurs(answer)
  expect(headers['cache-control']).toBe('no-store')
  expect(`${body}${JSON.stringify(headers)}`).not.toContain(MARKER)
  expect(body).not.toMatch(/\bat (?:file:|async |Object\.|\/)|node_modules|ZodError/)
  if (dialect === 'oauth') expectOAuthError(answer, code)
  else expectProblem(answer, code)
}

function expectProblem({ status, headers, body }: Received, code: ErrorCode): void {
  expect(headers['content-type']).toBe('application/problem+json')
  const problem = JSON.parse(body)
  expect(Object.keys(problem)).toEqual(PROBLEM_MEMBERS)
  expect(problem).toMatchObject({
    type: `urn:sallyport:errors#${code}`,
    title: ERRORS[code].title,
    status,
    instance: headers['x-sallyport-txn'],
    code,
  })
}

function expectOAuthError({ headers, body }: Received, code: ErrorCode): void {
  expect(headers['content-type']).toBe('application/json')
  const error = JSON.parse(body)
  expect(Object.keys(error)).toEqual(['error', 'error_description'])
  expect(error.error).toBe(oauthOf(code).error)
  expect(error.error_description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
}

function oauthOf(code: ErrorCode): { error: string; status: number } {
  const spec = ERRORS[code]
  if (!('oauth' in spec)) throw new Error(`${code} has no OAuth form`)
  return spec.oauth
}
