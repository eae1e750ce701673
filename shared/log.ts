/** One line of the operators' log: flat, by name; no value, token, claim or SDK error ever goes in. */
export type LogLine = { level: 'info' | 'warn' | 'error'; event: string } & Record<string, unknown>

/** Events of a healthy process; every other report is something an operator should look at. */
const ROUTINE = new Set([
  'keys.created',
  'keys.rotated',
  'policy.loaded',
  'policy.recovered',
  'vault.recovered',
  'journal.recovered',
  'rotation.moved',
])

export const levelOf = (event: string): LogLine['level'] => (ROUTINE.has(event) ? 'info' : 'warn')

/** Writes the line as JSON to stdout, where the Functions host collects it; controls are escaped by JSON itself (T26). */
export function writeLogLine(line: LogLine): void {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), ...line })}\n`)
}
