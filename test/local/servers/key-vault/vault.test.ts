import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openVault, type Vault } from '../../../../local/servers/key-vault/vault.ts'

let folder = ''
let time = 0
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-vault-'))
  time = 1_800_000_000_000
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const open = (compactFrom?: number, file = 'v.jsonl') =>
  openVault({ path: join(folder, file), delayMs: 1_000, now: () => time, ...(compactFrom && { compactFrom }) })

const step = fc.record({
  act: fc.constantFrom('set', 'update', 'delete', 'recover', 'purge'),
  name: fc.constantFrom('a', 'B', 'b', 'c'),
  waitMs: fc.constantFrom(0, 600, 2_000),
})

/** Outcome of one step: what the service would answer. */
async function play(vault: Vault, { act, name }: { act: string; name: string }): Promise<unknown> {
  const acts: Record<string, () => Promise<unknown>> = {
    set: async () => (await vault.set(name, { value: 'v' })).record.versions.length,
    update: async () => (await vault.update(name, undefined, { tags: { at: String(time) } })).version.tags,
    delete: async () => (await vault.delete(name)).name,
    recover: async () => (await vault.recover(name)).name,
    purge: () => vault.purge(name),
  }
  return acts[act]?.().catch((error: { status: number; inner?: string }) => [error.status, error.inner])
}

const shown = (vault: Vault) => vault.names().map(({ record, phase }) => ({ ...structuredClone(record), phase }))

it('after any acts, a reopened vault holds the same state, compacted or not', async () => {
  let run = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      run += 1
      const file = `run-${run}.jsonl`
      let vault = await open(3, file)
      for (const one of steps) {
        time += one.waitMs
        await play(vault, one)
      }
      const before = shown(vault)
      await vault.close()
      vault = await open(undefined, file)
      expect(shown(vault)).toEqual(before)
      await vault.close()
    }),
    { numRuns: 40 },
  )
})

it('rewrites a journal that has grown far beyond its secrets, and keeps all versions', async () => {
  const vault = await open(20)
  const { version } = await vault.set('often', { value: 'x' })
  await vault.set('often', { value: 'y' })
  for (let at = 0; at < 50; at += 1) await vault.update('often', version.id, { tags: { at: String(at) } })
  await vault.close()
  expect(readFileSync(join(folder, 'v.jsonl'), 'utf8').split('\n').length).toBeLessThan(30)
  const again = await open()
  expect(again.get('often', version.id).version).toMatchObject({ value: 'x', tags: { at: '49' } })
  expect(again.get('often').version.value).toBe('y')
  await again.close()
})

it('changes that race are decided one after the other: one delete wins, the rest find nothing', async () => {
  const vault = await open()
  await vault.set('raced', { value: 'x' })
  const deletes = await Promise.allSettled([1, 2, 3, 4].map(() => vault.delete('raced')))
  expect(deletes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  await expect(vault.set('raced', { value: 'y' })).rejects.toMatchObject({ inner: 'ObjectIsBeingDeleted' })
  time += 1_000
  const acts = await Promise.allSettled([vault.purge('raced'), vault.recover('raced')])
  expect(acts.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
  await vault.close()
})
