import type { Send } from './send.ts'

export type RunnerDeps = {
  send: Send
  /** A token of the workflow's identity for an audience. */
  token(audience: string, identity?: string): Promise<string>
  /** Milliseconds. */
  now(): number
  /** Between retries, polls, and for Wait: a test moves its clock and returns at once. */
  wait(ms: number): Promise<void>
  /** Whether polls of a 202 carry the token too: nobody has confirmed what Azure does, so a workflow must bear both. */
  authenticatePolls: boolean
  random?(): number
}
