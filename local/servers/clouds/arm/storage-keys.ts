import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { readJsonFile, writeAtomically } from '../../atomic-file.ts'

const Key = z.object({ creationTime: z.string(), value: z.string() })
const Pair = z.object({ key1: Key, key2: Key })
export type KeyPair = z.infer<typeof Pair>
export type KeyName = keyof KeyPair

export type StorageKeys = {
  of(account: string): Promise<KeyPair>
  /** Durable when it resolves. */
  regenerate(account: string, name: KeyName): Promise<KeyPair>
}

/** Both keys of each storage account by its name, in one file; made at the first look, changes run one after the other. */
export async function openStorageKeys(path: string, now: () => number): Promise<StorageKeys> {
  const pairs = new Map(Object.entries(z.record(z.string(), Pair).parse((await readJsonFile(path)) ?? {})))
  let last: Promise<void> = Promise.resolve()
  const fresh = () => ({ creationTime: new Date(now()).toISOString(), value: randomBytes(64).toString('base64') })
  const keep = async (account: string, pair: KeyPair) => {
    pairs.set(account, pair)
    last = last.then(() => writeAtomically(path, JSON.stringify(Object.fromEntries(pairs))))
    await last
    return pair
  }
  const of = async (account: string) => pairs.get(account) ?? keep(account, { key1: fresh(), key2: fresh() })
  return { of, regenerate: async (account, name) => keep(account, { ...(await of(account)), [name]: fresh() }) }
}
