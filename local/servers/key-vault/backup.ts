import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { readJsonFile, writeAtomically } from '../atomic-file.ts'
import { holdLock } from '../lock.ts'
import type { SecretRecord } from './secret-record.ts'
import { badParameter } from './vault-error.ts'

export type Backups = {
  /** base64url text that only a server of this state folder can open. */
  seal(record: SecretRecord): string
  open(blob: string): SecretRecord
}

const IV_BYTES = 12
const TAG_BYTES = 16

/** Backup blobs are AES-256-GCM under a key of the state folder, so both vaults of a folder can restore each other's. */
export async function openBackups(stateDir: string): Promise<Backups> {
  const key = await backupKey(join(stateDir, 'key-vault', 'backup-key.json'))
  return {
    seal(record) {
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, iv)
      const sealed = Buffer.concat([cipher.update(JSON.stringify(record), 'utf8'), cipher.final()])
      return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url')
    },
    open(blob) {
      try {
        const bytes = Buffer.from(blob, 'base64url')
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES))
        decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
        const plain = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()])
        return JSON.parse(plain.toString('utf8'))
      } catch {
        throw badParameter('Backup blob contains invalid or corrupt version.')
      }
    },
  }
}

async function backupKey(path: string): Promise<Buffer> {
  const lock = await holdLock(`${path}.lock`, { what: `the backup key ${path}`, waitMs: 20_000 })
  try {
    const stored = (await readJsonFile(path)) as { key?: string } | undefined
    if (stored?.key) return Buffer.from(stored.key, 'base64')
    const key = randomBytes(32)
    await writeAtomically(path, JSON.stringify({ key: key.toString('base64') }))
    return key
  } finally {
    await lock.release()
  }
}
