/** `unknown`: it cannot be told, and must never help the caller. */
export type Tri = 'yes' | 'no' | 'unknown'

/** Yes if any is; else unknown if any is. */
export function anyOf(answers: Iterable<Tri>): Tri {
  let result: Tri = 'no'
  for (const answer of answers) {
    if (answer === 'yes') return 'yes'
    if (answer === 'unknown') result = 'unknown'
  }
  return result
}

export const tri = (holds: boolean): Tri => (holds ? 'yes' : 'no')
