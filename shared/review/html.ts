import { createHash } from 'node:crypto'
import { chartOf } from './chart.ts'
import { escapeHtml } from './escape-html.ts'
import type { Item, Report, Section } from './section.ts'

const STYLE = `body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1b1f24}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .2rem}p{margin:.2rem 0 .6rem;color:#57606a}
table{border-collapse:collapse;width:100%;font-size:.87rem}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-bottom:1px solid #d0d7de;overflow-wrap:anywhere}
thead{display:table-header-group}tr{break-inside:avoid}.count{font-weight:600}.none{color:#1a7f37}svg{max-width:100%;height:auto}
@media print{body{margin:0;max-width:none;font-size:11px}h2{break-after:avoid}}`

/** Allows the page's own style and nothing else: no script, image, frame, form or request. */
export const REPORT_CSP = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

/**
 * A report as a page to read and to print. INVARIANT: everything that comes from a report passes {@link escapeHtml}: names of
 * identities and secrets are written by others, and the reader is an auditor.
 */
export function htmlOf(report: Report): string {
  const title = TITLES[report.report]
  const sections = report.sections.map(sectionHtml).join('\n')
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="referrer" content="no-referrer"><title>Sallyport: ${title}</title><style>${STYLE}</style></head>
<body><h1>${title}</h1>
<p>As of ${escapeHtml(report.generatedAt)}, policy revision ${escapeHtml(report.revision)}.</p>
${sections}
</body></html>
`
}

const TITLES: Record<Report['report'], string> = {
  'access-review': 'Access review',
  unused: 'Unused permissions and secrets',
  stragglers: 'Stragglers of rotations',
  identities: 'Identities',
  rbac: 'Role assignments of the gateway',
}

function sectionHtml({ id, title, meaning, total, items }: Section): string {
  const head = `<h2>${escapeHtml(title)}</h2>\n<p>${escapeHtml(meaning)}</p>`
  if (id === 'secret-ages') return `${head}\n${chartOf(items)}`
  if (items.length === 0) return `${head}\n<p class="none">Nothing.</p>`
  const count = items.length < total ? `${total} in all, the first ${items.length} here` : `${total}`
  return `${head}\n<p class="count">${escapeHtml(count)}</p>\n${tableOf(items)}`
}

function tableOf(items: readonly Item[]): string {
  const columns = [...new Set(items.flatMap((item) => Object.keys(item)))]
  const head = columns.map((name) => `<th scope="col">${escapeHtml(name)}</th>`).join('')
  const rows = items.map(
    (item) => `<tr>${columns.map((name) => `<td>${escapeHtml(item[name] ?? '')}</td>`).join('')}</tr>`,
  )
  return `<table><thead><tr>${head}</tr></thead><tbody>\n${rows.join('\n')}\n</tbody></table>`
}
