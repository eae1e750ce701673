import { z } from 'zod'
import { ReportQuery } from '../../shared/review/request.ts'
import { REPORT_NAMES, type Report } from '../../shared/review/section.ts'
import type { Descriptions } from './operation.ts'
import { answerOf, time } from './schemas.ts'

const name = z.enum(REPORT_NAMES)

const ReportView = answerOf<Report>()(
  'Report',
  z.strictObject({
    report: name,
    generatedAt: time(),
    revision: z.int(),
    sections: z.array(
      z.strictObject({
        id: z.string(),
        title: z.string(),
        meaning: z.string(),
        total: z.int(),
        items: z.array(z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))),
      }),
    ),
  }),
)

export const reportOperations: Descriptions = {
  'GET /v1/reports/{name}': {
    id: 'GetReport',
    tag: 'Reports',
    summary: 'Get a report of the daily review',
    description: 'As JSON, or as a page to print: by `format`, else by `Accept`.',
    visibility: 'advanced',
    caller: 'token',
    actions: ['audit:read'],
    door: 'refuses',
    path: z.strictObject({ name }),
    query: ReportQuery,
    headers: ['Accept'],
    answers: {
      200: {
        what: 'The report.',
        body: ReportView,
        text: 'text/html',
        headers: ['Vary', 'Content-Security-Policy', 'Referrer-Policy'],
      },
    },
    codes: ['in_progress', 'not_found', 'storage_unavailable'],
  },
}
