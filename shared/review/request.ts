import { z } from 'zod'
import { GatewayError } from '../errors.ts'
import type { GatewayResponse } from '../http/endpoint.ts'
import { htmlOf, REPORT_CSP } from './html.ts'
import { REPORT_NAMES, type Report, type ReportName } from './section.ts'

export const ReportQuery = z.strictObject({ format: z.enum(['json', 'html']).optional() })

/** Throws `invalid_request`. */
export function reportName(text = ''): ReportName {
  const name = REPORT_NAMES.find((one) => one === text)
  if (name) return name
  throw new GatewayError('invalid_request', 'no_such_report', { detail: `there are ${REPORT_NAMES.join(', ')}` })
}

/** The query decides, else a browser's `Accept`: whoever does not ask for HTML by name gets JSON. */
export const wantsHtml = (format: 'json' | 'html' | undefined, accept = ''): boolean =>
  format ? format === 'html' : accept.split(',').some((one) => /^\s*text\/html\s*(;|$)/i.test(one))

export function reportAnswer(report: Report, html: boolean): GatewayResponse {
  if (!html) return { status: 200, headers: { Vary: 'Accept' }, json: report }
  const headers = {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': REPORT_CSP,
    'Referrer-Policy': 'no-referrer',
    Vary: 'Accept',
  }
  return { status: 200, headers, text: htmlOf(report) }
}
