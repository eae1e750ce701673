import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Case } from '../../local/infra/matrix.ts'
import type { Snapshot } from '../../local/infra/snapshot.ts'
import { repositoryRoot } from '../../local/repository-root.ts'

/** A fresh copy of what the compiler predicted for the case. */
export const predicted = ({ name }: Pick<Case, 'name'>): Snapshot =>
  JSON.parse(readFileSync(join(repositoryRoot, 'infra/snapshots', `${name}.json`), 'utf8'))
