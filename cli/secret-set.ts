import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { listOption, secretPath, textOption } from './gateway/arguments.ts'
import { GATEWAY_OPTIONS, GATEWAY_USAGE, openGateway } from './gateway/gateway.ts'
import { type Call, CliError, EXIT, type Verb } from './verb.ts'

export const secretSet: Verb = {
  name: 'secret set',
  usage: `VAULT/NAME [--value-file FILE] [--content-type T] [--expires TIME] [--not-before TIME] [--tag NAME=TEXT]… [--if-match ETAG | --if-none-match '*'] [--idempotency-key KEY] ${GATEWAY_USAGE} [--json]`,
  summary:
    'Writes a new version; the value comes from stdin (one final line break is left out) or, byte for byte, a file.',
  options: {
    ...GATEWAY_OPTIONS,
    'value-file': { type: 'string' },
    'content-type': { type: 'string' },
    expires: { type: 'string' },
    'not-before': { type: 'string' },
    tag: { type: 'string', multiple: true },
    'if-match': { type: 'string' },
    'if-none-match': { type: 'string' },
    'idempotency-key': { type: 'string' },
  },
  async run(call) {
    const path = secretPath(call)
    const tags = tagsOf(call)
    const gateway = await openGateway(call)
    const { json, status } = await gateway({
      method: 'PUT',
      path,
      headers: {
        'if-match': textOption(call, 'if-match'),
        'if-none-match': textOption(call, 'if-none-match'),
        'idempotency-key': textOption(call, 'idempotency-key') ?? randomUUID(),
      },
      json: {
        value: await valueFor(call),
        contentType: textOption(call, 'content-type'),
        expires: textOption(call, 'expires'),
        notBefore: textOption(call, 'not-before'),
        ...(Object.keys(tags).length > 0 && { tags }),
      },
    })
    const what = status === 201 ? 'created' : 'new version'
    return { exit: EXIT.ok, json, text: [`${json['vault']}/${json['name']}: ${what} ${json['version']}`] }
  },
}

/** Never an argument: other processes, the shell's history and the audit of the machine see those. */
async function valueFor(call: Call): Promise<string> {
  const file = textOption(call, 'value-file')
  const bytes = file === undefined ? await call.stdin() : await readFileOf(call, file)
  if (!bytes) throw new CliError(EXIT.usage, 'the value: on stdin (`… | sallyport secret set`), or --value-file FILE')
  const text = decode(bytes)
  const value = file === undefined ? text.replace(/\r?\n$/, '') : text
  if (value === '') throw new CliError(EXIT.usage, 'the value is empty')
  return value
}

const readFileOf = ({ cwd }: Call, file: string) =>
  readFile(resolve(cwd, file)).catch(() => {
    throw new CliError(EXIT.usage, `--value-file: ${file} cannot be read`)
  })

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new CliError(
      EXIT.usage,
      'the value is not UTF-8 text: encode it, such as base64, and say so by --content-type',
    )
  }
}

function tagsOf(call: Call): Record<string, string> {
  const pairs = listOption(call, 'tag').map((tag) => {
    const at = tag.indexOf('=')
    if (at < 1) throw new CliError(EXIT.usage, `--tag: NAME=TEXT`)
    return [tag.slice(0, at), tag.slice(at + 1)]
  })
  return Object.fromEntries(pairs)
}
