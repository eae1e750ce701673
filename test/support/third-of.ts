/**
 * A third of what follows from a table, another one for each turn, so that over all turns everything is asked. `.ci/run` asks
 * everything at each turn (SALLYPORT_TEST_ALL).
 */
export function thirdOf<T>(cases: readonly T[], turn: number): T[] {
  return process.env['SALLYPORT_TEST_ALL'] ? [...cases] : cases.filter((_, at) => (at + turn) % 3 === 0)
}
