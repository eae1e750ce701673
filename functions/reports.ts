import { receiptHeader } from '../shared/gate.ts'
import { identify } from '../shared/http/caller.ts'
import type { Endpoint } from '../shared/http/endpoint.ts'
import { readQuery } from '../shared/http/query.ts'
import { ReportQuery, reportAnswer, reportName, wantsHtml } from '../shared/review/request.ts'

/** What the daily review found, as JSON or as a page to print. */
export const reports: Endpoint = {
  name: 'reports',
  route: 'v1/reports/{name}',
  dialect: 'problem',
  methods: {
    GET: async (request, gateway) => {
      const name = reportName(request.params['name'])
      const { format } = readQuery(request, ReportQuery)
      const caller = await identify(request, gateway)
      const grant = await gateway.admit({ ...caller, action: 'audit:read', resource: 'audit' })
      grant.spend('audit:read', 'audit')
      try {
        const report = await gateway.review.report(name)
        grant.succeeded({ reference: `report:${name}@${report.generatedAt}` })
        const { headers, ...answer } = reportAnswer(report, wantsHtml(format, request.header('accept')))
        return { ...answer, headers: { ...headers, ...receiptHeader(grant.receipt) } }
      } catch (error) {
        throw grant.failed(error)
      }
    },
  },
}
