import { contentOf } from './content.ts'

export type Outgoing = { method: string; url: string; headers: Record<string, string>; body?: string }
export type Incoming = { status: number; headers: Record<string, string>; body: unknown }

/** One request; rejects when there is no answer. */
export type Send = (outgoing: Outgoing) => Promise<Incoming>

/** How long Logic Apps (Consumption) waits for an answer. */
const TIMEOUT_MS = 120_000

/** Sends by https, and by http to this machine alone; follows no redirect, which could carry a token elsewhere. */
export const sendByFetch: Send = async ({ method, url, headers, body }) => {
  const { protocol, hostname } = new URL(url)
  if (protocol !== 'https:' && hostname !== '127.0.0.1') throw new Error('only https, or http to 127.0.0.1')
  const answer = await fetch(url, {
    ...{ method, headers, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) },
    ...(body !== undefined && { body }),
  })
  const text = await answer.text()
  return {
    status: answer.status,
    headers: Object.fromEntries(answer.headers),
    body: contentOf(answer.headers.get('content-type') ?? undefined, text),
  }
}
