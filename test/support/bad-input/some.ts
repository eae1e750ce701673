import { OPERATIONS, type Operation } from './recipes.ts'

/**
 * A third of the cases for this operation, another third for the next one: over all operations each case is asked. `.ci/run`
 * asks everything everywhere (SALLYPORT_TEST_ALL).
 */
export function some<T>(operation: Pick<Operation, 'title'>, cases: readonly T[]): T[] {
  if (process.env['SALLYPORT_TEST_ALL']) return [...cases]
  const turn = OPERATIONS.findIndex(({ title }) => title === operation.title)
  return cases.filter((_, at) => (at + turn) % 3 === 0)
}
