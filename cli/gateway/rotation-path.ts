import { type Call, CliError, EXIT } from '../verb.ts'

/** The name of a rotation, and a run's id where one is given, as a path. Throws CliError `usage`. */
export function rotationPath({ positionals }: Call, { run }: { run: 'required' | 'optional' | 'none' }): string {
  const [name, id, ...more] = positionals
  const wrong = more.length > 0 || (run === 'none' && id !== undefined) || (run === 'required' && id === undefined)
  if (name === undefined || name === '' || wrong) {
    const runPart = { required: ' RUN', optional: ' [RUN]', none: '' }[run]
    throw new CliError(EXIT.usage, `NAME${runPart}: the name of a rotation, such as orders-db-password`)
  }
  return `/v1/rotations/${encodeURIComponent(name)}${id === undefined ? '' : `/runs/${encodeURIComponent(id)}`}`
}
