import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { readText } from '../shared/policy/plan/parse-with-others.ts'
import { readCurrent } from '../shared/policy/storage/publish.ts'
import { fulfils } from '../shared/policy/storage/revision.ts'
import type { Version } from '../shared/policy/storage/version-row.ts'
import { connect } from './connect.ts'
import { CliError, EXIT, type Verb } from './verb.ts'

export const policyExport: Verb = {
  name: 'policy export',
  usage: '[--out DIR] [--manager NAME]',
  summary:
    'Writes the set in force as files, one a document, of which `policy apply --exact` makes the same set again; without --out as one list to stdout.',
  options: { out: { type: 'string' }, manager: { type: 'string' } },
  async run(call) {
    const { table } = await connect(call)
    const { published, inForce } = await readCurrent(table('policies'))
    if (!published) throw new CliError(EXIT.refused, 'no policy was ever applied')
    if (!fulfils(inForce, published)) {
      throw new CliError(
        EXIT.refused,
        `the rows are not what revision ${published.revision} promises: nothing is written`,
      )
    }
    const { manager, out } = call.values
    const chosen = inForce.filter((version) => manager === undefined || version.manager === manager)
    if (out === undefined) {
      const list = chosen.map(documentIn)
      return { exit: EXIT.ok, json: list, text: JSON.stringify(list, null, 2).split('\n') }
    }
    const folder = resolve(call.cwd, String(out))
    await writeAll(folder, chosen)
    const json = { ok: true, revision: published.revision, documents: chosen.length, folder }
    return { exit: EXIT.ok, json, text: [`revision ${published.revision}: ${chosen.length} documents in ${folder}`] }
  },
}

/** Never over what is there: a file that stays from another set would be applied along with these. */
async function writeAll(folder: string, versions: readonly Version[]): Promise<void> {
  await mkdir(folder, { recursive: true })
  if ((await readdir(folder)).length > 0) throw new CliError(EXIT.usage, `--out: ${folder} is not empty`)
  for (const version of versions) {
    const name = `${version.kind}.${version.id.replaceAll('|', '.')}.json`
    await writeFile(join(folder, name), `${JSON.stringify(documentIn(version), null, 2)}\n`, { flag: 'wx' })
  }
}

/** Canonical texts have their keys in order, so the same set gives the same bytes. */
function documentIn({ kind, id, text }: Version): unknown {
  const document = readText(text)
  if (document === undefined) throw new CliError(EXIT.refused, `${kind}/${id} is no JSON in the table`)
  return document
}
