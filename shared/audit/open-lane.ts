import { randomBytes } from 'node:crypto'
import type { Row, Table } from '../azure/table.ts'
import type { Secret } from '../secrets/secret.ts'
import { hourOf } from '../time-keys.ts'
import { packBlock } from './block.ts'
import { type Chain, createChain } from './chain.ts'
import { encodeEntry } from './encode.ts'
import { insertBlock, within } from './insert-block.ts'
import type { Head } from './lane.ts'
import { createRatchet, keyIdOf } from './ratchet.ts'

export type OpenerDeps = {
  table: Table
  master: () => Promise<Secret>
  now(): number
  deadlineMs: number
  build: string
  instance: string
  counters: { inserts: number; blocks: number; entries: number }
  failed(reason: string): void
}

type Candidate = { chain: Chain; row: Row; head: Head; resumed: Head | undefined }

export type Opened = { chain: Chain; head: Head }

export type Opener = {
  /** One try to get a new writer's first block acknowledged; `resumed` is the head of the lane before. Undefined = try again. */
  open(resumed: Head | undefined): Promise<Opened | undefined>
}

/**
 * Opens writers. Block 0 holds `writer.open` alone: no request hangs on it, so it may be tried again for as long as it takes, under
 * the same key, and an outage leaves one candidate instead of a trail of abandoned writers.
 */
export function createOpener(deps: OpenerDeps): Opener {
  const { table, deadlineMs, counters, failed } = deps
  let candidate: Candidate | undefined
  return {
    async open(resumed) {
      if (!candidate || candidate.resumed !== resumed) candidate = await propose(deps, resumed)
      const { chain, head, row } = candidate
      const until = performance.now() + deadlineMs
      const counted = () => {
        counters.inserts++
      }
      const outcome = await insertBlock({ table, row, until, counted, failed })
      if (outcome === 'unknown') return undefined
      candidate = undefined
      if (outcome === 'taken') {
        failed('key_taken')
        return undefined
      }
      counters.blocks++
      counters.entries++
      return { chain, head }
    },
  }
}

async function propose(deps: OpenerDeps, resumed: Head | undefined): Promise<Candidate> {
  const { now, build, instance, deadlineMs } = deps
  const master = await within(deadlineMs, deps.master())
  const wid = randomBytes(16).toString('hex')
  const chain = createChain(wid, createRatchet(master, wid))
  const resumes = resumed && { wid: resumed.wid, block: resumed.block, mac: resumed.mac }
  const time = new Date(now()).toISOString()
  const detail = { build, instance, keyId: keyIdOf(master), ...(resumes && { resumes }) }
  const link = chain.append(encodeEntry({ kind: 'system', time, event: 'writer.open', detail }))
  const hour = hourOf(now())
  const row = packBlock({ wid, hour, block: 0 }, [link])
  return { chain, row, head: { wid, block: 0, mac: link.mac, hour }, resumed }
}
