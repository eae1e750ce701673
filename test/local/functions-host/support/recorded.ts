import { readFileSync } from 'node:fs'
import type { SentRequest } from './send-request.ts'

export type RecordedCase = {
  name: string
  mode: 'buffered' | 'stream'
  request: SentRequest
  status: number | null
  headers: Record<string, string | string[]>
  body: string
  error?: string
}

export type Experiment = { name: string; answer: unknown; setup?: string }

export type Deviation = { reason: string; cases: readonly string[] }

export type Deviations = {
  /** Recorded requests that this host answers otherwise, by name. */
  buffered: readonly Deviation[]
  /** Answers of the stream mode, which is not offered: an app that asks for it does not start. */
  stream: Deviation
  /** Experiments that are not replayed. */
  experiments: readonly Deviation[]
}

const read = (name: string): unknown => JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'))

/** What the real host answered (functions-host 4.1037) to the probe app in host-probe/. */
export const RECORDED = read('host-answers.json') as {
  cases: readonly RecordedCase[]
  experiments: readonly Experiment[]
}

/** What is kept different, and why. */
export const DEVIATIONS = read('deviations.json') as Deviations
