/** A resource that a deployment would create; what is known at run time only stays an expression, `[…]`. */
export type Resource = {
  id: string
  type: string
  name: string
  apiVersion: string
  location?: string
  tags?: Record<string, string>
  properties?: Record<string, unknown>
  [member: string]: unknown
}

export type Snapshot = { predictedResources: Resource[]; diagnostics: unknown[]; outputs?: Record<string, unknown> }

/** One resource a line: short, and a diff shows which resource changed. */
export function writeSnapshot({ predictedResources, diagnostics, outputs = {} }: Snapshot): string {
  const resources = [...predictedResources].sort((a, b) => (a.id < b.id ? -1 : 1)).map((each) => JSON.stringify(each))
  // The compiler gives outputs in any order.
  const sorted = Object.fromEntries(Object.entries(outputs).sort(([a], [b]) => (a < b ? -1 : 1)))
  return [
    '{"predictedResources":[',
    resources.join(',\n'),
    '],',
    `"outputs":${JSON.stringify(sorted)},`,
    `"diagnostics":${JSON.stringify(diagnostics)}}`,
    '',
  ].join('\n')
}
