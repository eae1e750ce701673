import type { GatewayEvent } from './event.ts'

/** CloudEvents 1.0, structured mode (JSON format; HTTP binding §3.2). */
export const CONTENT_TYPE = 'application/cloudevents+json; charset=utf-8'

/** The body as it is signed and sent: the same event is the same bytes, for everybody and at each try. */
export function cloudEvent({ type, id, at, subject, data }: GatewayEvent, source: string): string {
  const about = { specversion: '1.0', id, source, type, subject, time: new Date(at).toISOString() }
  return JSON.stringify({ ...about, datacontenttype: 'application/json', data })
}
