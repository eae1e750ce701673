/** What an end of waiting looks like; also the narrower signal of the Azure SDKs. */
export type Signal = {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** The promise, or an AbortError when the signal comes first; the work itself goes on for whoever else waits. */
export function until<T>(signal: Signal | undefined, work: Promise<T>): Promise<T> {
  if (!signal) return work
  return new Promise((resolve, reject) => {
    const stop = () => reject(new DOMException('the wait for a token ended', 'AbortError'))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop)
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
