import type { Endpoint } from '../shared/http/endpoint.ts'

/** A key is published ten minutes before it signs: this and the minute in which the table is re-read are well below. */
const CACHED = { 'Cache-Control': 'public, max-age=300' }

/** The public keys of everything we sign (RFC 7517 §5). */
export const jwks: Endpoint = {
  name: 'jwks',
  route: 'oauth2/jwks',
  dialect: 'oauth',
  methods: {
    GET: async (_request, { tokens }) => ({ status: 200, headers: CACHED, json: await tokens.jwks() }),
  },
}
