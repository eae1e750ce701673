/** A run as the gateway shows it. */
type Shown = Record<string, unknown>

/** One line for each state that was reached. */
export const stateLines = (run: Shown): string[] =>
  (Array.isArray(run['steps']) ? (run['steps'] as Shown[]) : []).map(({ state, at }) => `${at} ${state}`)

/** Where it stands in one line: what it waits for, or why it does not go on. */
export function standing(run: Shown): string {
  const { id, state, reason, failures } = run
  const stragglers = Array.isArray(run['stragglers']) ? run['stragglers'] : []
  const waits = stragglers.length > 0 ? [`waits for ${stragglers.join(', ')}`] : []
  const trouble = reason === undefined ? [] : [`${reason} (${failures ?? 1} times in a row)`]
  return [`run ${id}: ${state}`, ...trouble, ...waits].join('; ')
}

/** Whether nobody needs to look again: it is over, or waits for a person. */
export const isOver = ({ state }: Shown): boolean => ['retired', 'aborted', 'stuck'].includes(String(state))
