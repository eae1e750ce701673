import { StorageError } from '../shared/azure/table.ts'
import { GatewayError } from '../shared/errors.ts'
import { CliError, EXIT, type Exit } from './verb.ts'

type Failure = { exit: Exit; message: string; detail: Record<string, unknown> }

/** Makes a sentence and an exit code of anything thrown. Unknown errors give their class only: SDK errors carry values. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof CliError) return { exit: error.exit, message: error.message, detail: error.detail }
  if (error instanceof StorageError) return ofStorage(error)
  if (error instanceof GatewayError) return ofGateway(error)
  const kind = error instanceof Error ? error.name : 'unknown error'
  return { exit: EXIT.refused, message: `failed unexpectedly (${kind})`, detail: { code: 'internal' } }
}

function ofStorage({ reason }: StorageError): Failure {
  const sentences: Partial<Record<StorageError['reason'], string>> = {
    forbidden: 'the storage account refuses this identity: it needs Storage Table Data Contributor on the table',
    no_table: 'the table does not exist: deploy the infrastructure first (locally: `npm start`)',
  }
  const exit =
    reason === 'unreachable' || reason === 'timeout' || reason === 'throttled' ? EXIT.unreachable : EXIT.refused
  const message = sentences[reason] ?? `the storage account cannot be used (${reason})`
  return { exit, message, detail: { code: `storage_${reason}` } }
}

function ofGateway({ code, reason, extras }: GatewayError): Failure {
  const faults = extras.errors ?? []
  const message = [
    extras.detail ?? `${code} (${reason})`,
    ...faults.map((fault) => `  ${fault.pointer}: ${fault.detail}`),
  ]
  const detail = { code, reason, ...(faults.length > 0 && { errors: faults }) }
  return { exit: code.endsWith('_unavailable') ? EXIT.unreachable : EXIT.refused, message: message.join('\n'), detail }
}

/** Controls and bidirectional marks as escapes: a document's text must not drive the operator's terminal (T26). */
export function printable(line: string): string {
  return line.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`)
}
