import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { etagOf, matches, readETags } from '../shared/secrets/precondition.ts'

/** The same for everybody, and changed by a deployment only; read by pages of any origin, as Swagger UI and Logic Apps do. */
const PUBLIC = { 'Cache-Control': 'public, max-age=300', 'Access-Control-Allow-Origin': '*' }

/** Made by `npm run docs`; read at the first request, so that no cold start pays for it. */
function document(name: string, file: string): Endpoint {
  let read: Promise<{ text: string; tag: string }> | undefined
  return {
    name,
    route: file,
    dialect: 'problem',
    methods: {
      GET: async (request) => {
        const known = readETags('If-None-Match', request.header('if-none-match'))
        read ??= load(file).catch((error: unknown) => {
          read = undefined
          throw error
        })
        const { text, tag } = await read
        const headers = { ...PUBLIC, ETag: etagOf(tag) }
        if (known && matches(known, tag)) return { status: 304, headers }
        return { status: 200, headers: { ...headers, 'Content-Type': 'application/json' }, text }
      },
    },
  }
}

/** `docs/` is one folder up from the sources and from the bundle alike. */
async function load(file: string) {
  const text = await readFile(new URL(`../docs/${file}`, import.meta.url), 'utf8')
  return { text, tag: hash('sha256', text, 'base64url') }
}

/** OpenAPI 3.1. */
export const openapiDocument = document('openapi-document', 'openapi.json')

/** Swagger 2.0, which Logic Apps and custom connectors read. */
export const swaggerDocument = document('swagger-document', 'swagger.json')
