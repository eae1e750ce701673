/**
 * One of so many cases that follow from a table, others at each turn, so that over all turns everything is asked; at least one.
 * `.ci/run` asks everything at each turn (SALLYPORT_TEST_ALL).
 */
export function shareOf<T>(cases: readonly T[], turn: number, of: number): T[] {
  const stride = Math.min(of, cases.length)
  return process.env['SALLYPORT_TEST_ALL'] ? [...cases] : cases.filter((_, at) => (at + turn) % stride === 0)
}

/** How often a property is tried: a third of it, all of it in `.ci/run`. */
export const tries = (times: number): number => (process.env['SALLYPORT_TEST_ALL'] ? times : Math.ceil(times / 3))
