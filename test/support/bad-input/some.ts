import { thirdOf } from '../third-of.ts'
import { OPERATIONS, type Operation } from './recipes.ts'

/** A third of the cases for this operation, another third for the next one. */
export const some = <T>(operation: Pick<Operation, 'title'>, cases: readonly T[]): T[] =>
  thirdOf(
    cases,
    OPERATIONS.findIndex(({ title }) => title === operation.title),
  )
