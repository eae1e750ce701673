import { UpstreamFailure } from '../tokens/broker/upstream-failure.ts'
import { RotationFault } from './rotator.ts'

/** What the run's owner must mend: trying again at once will not help, but rights and names may be put right. */
const REASONS: Readonly<Record<number, string>> = {
  400: 'refused_as_malformed',
  401: 'not_authenticated',
  403: 'not_permitted',
  404: 'not_found',
  409: 'conflicting_change',
  429: 'throttled',
}

/** Runs a call of a service; throws RotationFault `<service>_<reason>` for whatever it answered, and nothing of the answer. */
export async function asFault<T>(service: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (error instanceof RotationFault) throw error
    if (!(error instanceof UpstreamFailure)) throw error
    const { status, retryAfterSeconds = 0 } = error.answer
    const reason = (status !== undefined && REASONS[status]) || 'unavailable'
    throw new RotationFault(`${service}_${reason}`, { retryAfterSeconds })
  }
}
