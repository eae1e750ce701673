import { z } from 'zod'
import type { StoredRow, Table } from '../azure/table.ts'
import { jitter } from '../jitter.ts'

export type MarkerDeps = {
  state: Table
  now(): number
  pollSeconds: number
  /** Somebody changed this secret, or (no name) something unknown in the vault. */
  changed(vault: string, name?: string): void
  report(event: string, detail: Record<string, unknown>): void
}

type Marker = { sequence: number; recent: [sequence: number, name: string][] }
type Known = { sequence: number | undefined; checkedAt: number; checking?: Promise<void> | undefined }

/** No name can start with `_`, so the marker never meets a secret's own row. */
const MARKER = '_marker'
const KEPT = 50
/** Stands for a counter that could not be read: whatever it turns out to be counts as a change of everything. */
const UNKNOWN = -1
/** Of N who write at once one comes first, so the last may lose N − 1 times; the pause between tries thins them out. */
const MAX_TRIES = 20
const DEADLINE_MS = 1_000
/** The write is done and its caller waits, with others behind it. */
const RAISE_MS = 5_000

/**
 * The change marker of each vault: a counter in `secretstate` that every write through any instance raises, with the names
 * it was about. Instances poll it, so a cached value is at most one poll behind a write through the gateway.
 */
export function createMarkers({ state, now, pollSeconds, changed, report }: MarkerDeps) {
  const known = new Map<string, Known>()

  const check = async (vault: string, mark: Known): Promise<void> => {
    try {
      const { sequence, recent } = readMarker(await state.get(vault, MARKER, { deadlineMs: DEADLINE_MS }))
      const since = mark.sequence
      if (since !== undefined && since !== sequence) announce(vault, since, { sequence, recent })
      mark.sequence = sequence
      mark.checkedAt = now()
    } catch {
      // The cached values still end at their time, and without storage no intent can be written either.
      mark.sequence ??= UNKNOWN
      mark.checkedAt = now()
      report('secrets.marker_unreadable', { vault })
    } finally {
      mark.checking = undefined
    }
  }

  const announce = (vault: string, since: number, { sequence, recent }: Marker): void => {
    const missed = recent.filter(([at]) => at > since)
    if (missed.length !== sequence - since) changed(vault)
    else for (const [, name] of missed) changed(vault, name)
  }

  return {
    /** Cheap between polls; the first look at a vault is awaited, so that nothing is cached before the counter is known. */
    async fresh(vault: string): Promise<void> {
      let mark = known.get(vault)
      if (!mark) {
        mark = { sequence: undefined, checkedAt: Number.NEGATIVE_INFINITY }
        known.set(vault, mark)
      }
      // A clock that was set back makes it due, else nobody would look before it has caught up.
      const age = Math.abs(now() - mark.checkedAt)
      if (age < pollSeconds * 1_000) return
      mark.checking ??= check(vault, mark)
      if (age >= 2 * pollSeconds * 1_000) await mark.checking
    },

    /** Raises the counter after a write; when storage fails the other instances notice by their cache's time alone. */
    async raise(vault: string, name: string): Promise<void> {
      changed(vault, name)
      try {
        const giveUpAt = performance.now() + RAISE_MS
        for (let tries = 1; tries <= MAX_TRIES && performance.now() < giveUpAt; tries += 1) {
          if (tries > 1) await jitter(tries)
          if (await raised(state, vault, name)) return
        }
      } catch {
        // Reported below.
      }
      report('secrets.marker_not_raised', { vault, name })
    },
  }
}

/** One compare-and-set; false when somebody else came first. */
async function raised(state: Table, vault: string, name: string): Promise<boolean> {
  const stored = await state.get(vault, MARKER)
  const { sequence, recent } = readMarker(stored)
  const next: Marker['recent'] = [...recent, [sequence + 1, name] as [number, string]].slice(-KEPT)
  const row = { partitionKey: vault, rowKey: MARKER, sequence: sequence + 1, recent: JSON.stringify(next) }
  if (!stored) return (await state.insert(row)) === 'inserted'
  return (await state.replace(row, stored.etag)) !== 'changed'
}

const Recent = z.array(z.tuple([z.number(), z.string()]))

/** A row that makes no sense counts as a change of everything: its sequence differs and it names nothing. */
function readMarker(row: StoredRow | undefined): Marker {
  const sequence = row?.['sequence']
  const recent = row?.['recent']
  if (typeof sequence !== 'number' || typeof recent !== 'string') return { sequence: 0, recent: [] }
  try {
    return { sequence, recent: Recent.parse(JSON.parse(recent)) }
  } catch {
    return { sequence, recent: [] }
  }
}

export type Markers = ReturnType<typeof createMarkers>
