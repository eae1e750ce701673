/**
 * A body as Logic Apps hands it on: JSON and text are taken apart, everything else is kept in Base64 beside its type. What it does
 * with `application/…+json` is documented nowhere: here it is not taken apart, and a workflow must bear both.
 */
export function contentOf(contentType: string | undefined, text: string): unknown {
  const [type = ''] = (contentType ?? '').toLowerCase().split(';')
  if (text === '') return ''
  if (type.trim() === 'application/json') return JSON.parse(text)
  if (type.trim().startsWith('text/')) return text
  return { '$content-type': contentType ?? 'application/octet-stream', $content: Buffer.from(text).toString('base64') }
}
