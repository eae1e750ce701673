const LAUNCHER_CHECK_MS = 500

/** Ctrl-C, `kill`, or the death of the launcher (`kill -9` of npm): each stops everything in order, once. */
export function stopSignal(): Promise<string> {
  const launcher = process.ppid
  return new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => done(signal))
    setInterval(() => process.ppid !== launcher && done('the launcher is gone'), LAUNCHER_CHECK_MS).unref()
  })
}
