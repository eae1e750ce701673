import type { Handout } from './audit/entry.ts'
import type { Grant } from './gate.ts'

/**
 * Does what a Grant was spent on and lets its RESULT follow, whatever it is. Gives what `act` gives; what it throws comes with the
 * receipt of the intent.
 */
export async function recorded<T>(
  grant: Pick<Grant, 'succeeded' | 'failed'>,
  act: () => Promise<T>,
  handoutOf: (done: T) => Handout | undefined = () => undefined,
): Promise<T> {
  try {
    const done = await act()
    grant.succeeded(handoutOf(done))
    return done
  } catch (error) {
    throw grant.failed(error)
  }
}
