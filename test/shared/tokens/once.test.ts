import { describe, expect, it } from 'vitest'
import { StorageError } from '../../../shared/azure/table.ts'
import { createOnce, type Occurrence } from '../../../shared/tokens/once.ts'
import { createMemoryTable } from '../../support/memory-table.ts'

const AT = Date.UTC(2026, 10, 25, 14, 30)
const proof: Occurrence = { kind: 'dpop', names: ['key', 'jti-1'], filedUnder: AT, expiresAt: AT + 60_000 }

describe('once', () => {
  it('first for exactly one of fifty at the same moment, on two instances', async () => {
    const table = createMemoryTable()
    const instances = [createOnce(table), createOnce(table)]
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) => (instances[at % 2] as (typeof instances)[0]).claim(proof)),
    )
    expect(answers.filter((answer) => answer === 'first')).toHaveLength(1)
    expect(table.rows()).toHaveLength(1)
  })

  it('tells kinds, names and hours apart, and where one name ends and the next begins', async () => {
    const once = createOnce(createMemoryTable())
    await once.claim(proof)
    expect(await once.has(proof)).toBe(true)
    for (const other of [
      { kind: 'jti' as const },
      { names: ['key'] },
      { names: ['keyjti-1'] },
      { names: ['key', 'jti-1', ''] },
      { names: ['KEY', 'jti-1'] },
      { filedUnder: AT + 3_600_000 },
    ]) {
      expect(await once.has({ ...proof, ...other })).toBe(false)
    }
  })

  it('files under the hour, names hashed, with the end of its use', async () => {
    const table = createMemoryTable()
    await createOnce(table).claim({ ...proof, names: ['a/b\\c#d?e', 'secret-name'] })
    const [row] = table.rows()
    expect(row).toMatchObject({ partitionKey: 'dpop|2026112514', expires: '2026-11-25T14:31:00.000Z' })
    expect(row?.rowKey).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(JSON.stringify(row)).not.toContain('secret-name')
  })

  it('first: an insert that committed and was retried finds its own row', async () => {
    const table = createMemoryTable()
    const retrying = {
      ...table,
      insert: async (row: Parameters<typeof table.insert>[0]) => {
        await table.insert(row)
        return table.insert(row)
      },
    }
    expect(await createOnce(retrying).claim(proof)).toBe('first')
    expect(await createOnce(retrying).claim(proof)).toBe('again')
  })

  it('503 storage_unavailable: when nobody can tell, it is neither first nor again', async () => {
    const fails = async () => {
      throw new StorageError('throttled', 7)
    }
    const once = createOnce({ ...createMemoryTable(), insert: fails, get: fails })
    const failure = { code: 'storage_unavailable', reason: 'once_throttled', extras: { retryAfterSeconds: 7 } }
    await expect(once.claim(proof)).rejects.toMatchObject(failure)
    await expect(once.has(proof)).rejects.toMatchObject(failure)
  })
})
