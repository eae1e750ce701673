import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** What one load run asks for: the same process and settings for the work and for its baseline. */
export type Load = {
  url: string
  connections: number
  seconds: number
  /** GET by default. */
  method?: 'GET' | 'POST'
  body?: string
  /** Of all connections together; as many as they can by default. */
  requestsPerSecond?: number
  /** One set of headers for all, or a list that the connections take turns through, each header used once. */
  headers?: Record<string, string>
  authorizations?: readonly string[]
}

export type LoadResult = { requestsPerSecond: number; p50Ms: number; p99Ms: number; answered: number; notOk: number }

/** Runs autocannon in a process of its own, so that the generator's work is not counted as the gateway's. */
export async function load(options: Load): Promise<LoadResult> {
  const worker = fileURLToPath(new URL('load-worker.ts', import.meta.url))
  const child = spawn(process.execPath, [worker], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify(options))
  let output = ''
  for await (const chunk of child.stdout) output += chunk
  return JSON.parse(output) as LoadResult
}
