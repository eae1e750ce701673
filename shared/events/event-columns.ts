import { hash } from 'node:crypto'
import type { Column, StoredRow } from '../azure/table.ts'
import type { Seal } from '../handles/handle.ts'
import type { GatewayEvent } from './event.ts'

/** Names an event in keys of rows: the same event is the same key. */
export const keyOf = ({ type, id }: Pick<GatewayEvent, 'type' | 'id'>): string =>
  hash('sha256', JSON.stringify([type, id]), 'base64url')

/** What a row says of an event. INVARIANT: under a seal: what stands here goes out under our signature. */
export function eventColumns(event: GatewayEvent, seal: Seal): Record<'said' | 'seal', Column> {
  const said = JSON.stringify(event)
  return { said, seal: seal(sealed(said)) }
}

/** Undefined when the seal does not fit: somebody wrote or edited the row. */
export function readEvent({ said, seal: found }: StoredRow, seal: Seal): GatewayEvent | undefined {
  if (typeof said !== 'string' || found !== seal(sealed(said))) return undefined
  return JSON.parse(said)
}

/** INVARIANT: the word first keeps it apart from every other text that is sealed with the same key. */
const sealed = (said: string) => JSON.stringify(['event', said])
