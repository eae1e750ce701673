import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryRoot } from '../repository-root.ts'
import type { Compiler } from './compiler.ts'
import { replaceParameter } from './matrix.ts'
import { judgeWorkflows } from './rules/logic-apps.ts'
import { type Snapshot, writeSnapshot } from './snapshot.ts'

/** Parameters that a sample is deployed with, and what must be said where nobody should get so far. */
type Variant = { name: string; sample: string; more?: string; change?: [name: string, value: string]; says?: RegExp }

const handle = (redeemer: string) =>
  `param variant = 'handle'\nparam apiAudience = 'api://billing'\nparam redeemer = '${redeemer}'\n`

const GOOD: readonly Variant[] = [
  { name: 'get-secret-and-call-api', sample: 'get-secret-and-call-api' },
  { name: 'get-secret-and-call-api.handle', sample: 'get-secret-and-call-api', more: handle('entra:tenant:object') },
  { name: 'on-secret-rotated', sample: 'on-secret-rotated' },
  { name: 'rotate-and-wait', sample: 'rotate-and-wait' },
  { name: 'rotate-and-wait.location', sample: 'rotate-and-wait', more: `param polling = 'location'\n` },
  { name: 'near-expiry-to-rotation', sample: 'near-expiry-to-rotation' },
]

const BAD: readonly Variant[] = [
  ...['get-secret-and-call-api', 'on-secret-rotated', 'rotate-and-wait', 'near-expiry-to-rotation'].map(
    (sample): Variant => ({
      name: `${sample} over http`,
      sample,
      change: ['gatewayUrl', `'http://func-dev.azurewebsites.net'`],
      says: /gatewayUrl must begin with https:/,
    }),
  ),
  { name: 'nobody to redeem', sample: 'get-secret-and-call-api', more: handle(''), says: /needs redeemer/ },
]

/** What the compiler makes of the samples under infra/logic-apps; `compare` as in check.ts. `copy`: infra, where files may be added. */
export async function checkSampleWorkflows(
  { snapshot, compileParameters }: Compiler,
  { copy, compare }: { copy: string; compare(name: string, wanted: string): string[] },
): Promise<string[]> {
  const faults: string[] = []
  for (const variant of GOOD) {
    const predicted = JSON.parse(await snapshot(write(copy, variant), 'group')) as Snapshot
    faults.push(...judgeWorkflows(predicted).map((fault) => `${variant.name}: ${fault}`))
    faults.push(...compare(snapshotFile(variant.name), writeSnapshot(predicted)))
  }
  for (const variant of BAD) {
    const path = write(copy, variant)
    const { success, diagnostics } = await compileParameters(path)
    const said = success
      ? await snapshot(path, 'group').catch((error: Error) => error.message)
      : diagnostics.map(({ message }) => message).join('\n')
    if (!variant.says?.test(said)) faults.push(`${variant.name} is not refused in the words ${variant.says}`)
  }
  return faults
}

const snapshotFile = (name: string) => `infra/logic-apps/snapshots/${name}.json`

/** Every committed prediction by name. */
export const predictedWorkflows = (): [name: string, snapshot: Snapshot][] =>
  GOOD.map(({ name }) => [name, JSON.parse(readFileSync(join(repositoryRoot, snapshotFile(name)), 'utf8')) as Snapshot])

function write(copy: string, { sample, more = '', change }: Variant): string {
  const at = join(copy, 'logic-apps', sample)
  if (!existsSync(at)) throw new Error(`there is no sample ${sample}`)
  const text = readFileSync(join(at, 'example.bicepparam'), 'utf8')
  const path = join(at, 'tried.bicepparam')
  writeFileSync(path, `${change ? replaceParameter(text, ...change) : text}${more}`)
  return path
}
