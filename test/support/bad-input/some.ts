import { shareOf } from '../share-of.ts'
import { OPERATIONS, type Operation } from './recipes.ts'

/** A sixth of the cases for this operation, another sixth for the next one: every case meets several of the operations. */
export const some = <T>(operation: Pick<Operation, 'title'>, cases: readonly T[]): T[] =>
  shareOf(
    cases,
    OPERATIONS.findIndex(({ title }) => title === operation.title),
    6,
  )
