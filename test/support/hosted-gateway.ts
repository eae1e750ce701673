import { fork } from 'node:child_process'
import { once } from 'node:events'
import { entryFile } from '../../local/entry-file.ts'
import { childEnvironment } from './child-environment.ts'

export type HostedGateway = {
  port: number
  /** What the process wrote to stdout so far, line by line: the operators' log. */
  lines(): string[]
  /** As the platform stops it. */
  stop(): Promise<void>
  /** kill -9, and waits until it is gone. */
  kill(): Promise<void>
}

/** functions/index.ts under the local Functions host, in a process of its own that gets this environment and nothing else. */
export async function hostGateway(environment: Record<string, string>, port = 0): Promise<HostedGateway> {
  const child = fork(
    entryFile('local/functions-host/host-process.ts'),
    [entryFile('functions/index.ts'), String(port)],
    {
      env: childEnvironment(environment),
      // By itself it would get vitest's.
      execArgv: [],
      silent: true,
    },
  )
  const written = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      written[name] += text
    })
  }
  // `close` comes after the last of stdout, `exit` may come before.
  const exited = once(child, 'close')
  const ready = await Promise.race([once(child, 'message'), exited.then(() => undefined)])
  if (!ready) throw new Error(`the host ended before it was ready:\n${written.stderr}`)
  return {
    port: Number(new URL(ready[0].url).port),
    lines: () => written.stdout.split('\n').filter((line) => line !== ''),
    stop: async () => {
      child.kill('SIGTERM')
      await exited
    },
    kill: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}
