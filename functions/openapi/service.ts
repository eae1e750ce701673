import { z } from 'zod'
import type { Gateway } from '../../shared/gateway.ts'
import type { Descriptions } from './operation.ts'
import { answer, answerOf } from './schemas.ts'

const check = z.enum(['ok', 'stale', 'unknown', 'failing', 'no_policy'])

const HealthView = answerOf<Awaited<ReturnType<Gateway['health']>>>()(
  'Health',
  z.strictObject({
    status: z.enum(['ok', 'unavailable']),
    mode: z.enum(['azure', 'local']),
    version: z.string(),
    checks: z.strictObject({ journal: check, policies: check, vault: check, issuer: check, clock: check }),
  }),
)

const document = (id: string, what: string) =>
  ({
    ...({ id, tag: 'Service', visibility: 'internal', caller: 'anybody' } as const),
    summary: `This interface as ${what}`,
    description: 'Made of the schemas that the gateway checks requests by; changed by a deployment only.',
    headers: ['If-None-Match'],
    answers: {
      200: {
        what: 'The document.',
        body: answer(id, z.record(z.string(), z.unknown())),
        headers: ['ETag', 'Access-Control-Allow-Origin'],
      },
      304: { what: 'The caller has it already.', headers: ['ETag', 'Access-Control-Allow-Origin'] },
    },
  }) as const

export const serviceOperations: Descriptions = {
  'GET /healthz': {
    id: 'GetHealth',
    tag: 'Service',
    summary: 'Could this instance serve a request now?',
    description: 'States, never names, ids or secrets.',
    visibility: 'internal',
    caller: 'anybody',
    answers: { 200: { what: 'It could.', body: HealthView }, 503: { what: 'It could not.', body: HealthView } },
  },
  'GET /openapi.json': document('GetOpenApi', 'OpenAPI 3.1'),
  'GET /swagger.json': document('GetSwagger', 'Swagger 2.0'),
}
