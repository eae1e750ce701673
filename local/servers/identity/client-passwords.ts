import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { readJsonFile, writeAtomically } from '../atomic-file.ts'
import type { RegisteredApp } from './directory.ts'

/** A client secret as the directory keeps it: the text itself is told once and never again. Times RFC 3339. */
const ClientPassword = z.object({
  keyId: z.guid(),
  displayName: z.string().nullable(),
  startDateTime: z.string(),
  endDateTime: z.string(),
  hint: z.string(),
  sha256: z.string(),
})
export type ClientPassword = z.infer<typeof ClientPassword>

const Stored = z.object({
  /** By client id. */
  added: z.record(z.string(), z.array(ClientPassword)),
  /** Key ids of first secrets (those of the seed) that were removed. */
  removed: z.array(z.string()),
})

type App = Pick<RegisteredApp, 'appId' | 'secret'>

export type ClientPasswords = {
  /** The app's first secret and those that were added; removed ones are gone. */
  of(app: App): ClientPassword[]
  check(app: App, secret: string): 'good' | 'expired' | 'wrong'
  /** Durable when it resolves. */
  add(app: App, asked: { displayName: string | null; endDateTime: string }): Promise<ClientPassword & { text: string }>
  /** False when the app has none of this id. Durable when it resolves. */
  remove(app: App, keyId: string): Promise<boolean>
  /** For tests: secrets that the app gets from now on are refused so many times first, as while they spread through Entra. */
  refuseFirst(appId: string, times: number): void
}

const MAX_PASSWORDS = 100

/** Client secrets beside those of the seed, in one file of the state folder; changes run one after the other. */
export async function openClientPasswords(stateDir: string, now: () => number): Promise<ClientPasswords> {
  const path = join(stateDir, 'identity', 'client-passwords.json')
  const stored = Stored.parse((await readJsonFile(path)) ?? { added: {}, removed: [] })
  const { added } = stored
  const removed = new Set(stored.removed)
  const refusals = new Map<string, number>()
  const unready = new Map<string, number>()
  let last: Promise<void> = Promise.resolve()

  const save = () => {
    const text = JSON.stringify({ added, removed: [...removed] })
    last = last.then(() => writeAtomically(path, text))
    return last
  }
  const all = (app: App) => [...[firstOf(app)].filter(({ keyId }) => !removed.has(keyId)), ...(added[app.appId] ?? [])]

  return {
    of: all,
    check(app, secret) {
      const digest = sha256(secret)
      const found = all(app).find((password) => password.sha256 === digest)
      if (!found) return 'wrong'
      const left = unready.get(found.keyId) ?? 0
      if (left > 0) {
        unready.set(found.keyId, left - 1)
        return 'wrong'
      }
      return Date.parse(found.endDateTime) <= now() ? 'expired' : 'good'
    },
    async add(app, { displayName, endDateTime }) {
      const text = `${randomBytes(3).toString('hex').slice(0, 3)}8Q~${randomBytes(25).toString('base64url')}`.slice(
        0,
        40,
      )
      const password = { ...{ keyId: randomUUID(), displayName, endDateTime }, ...made(text, now()) }
      const own = added[app.appId] ?? []
      if (own.length >= MAX_PASSWORDS) throw new Error('too many client secrets')
      added[app.appId] = [...own, password]
      const wanted = refusals.get(app.appId) ?? 0
      if (wanted > 0) unready.set(password.keyId, wanted)
      await save()
      return { ...password, text }
    },
    async remove(app, keyId) {
      if (!all(app).some((password) => password.keyId === keyId)) return false
      if (firstOf(app).keyId === keyId) removed.add(keyId)
      added[app.appId] = (added[app.appId] ?? []).filter((password) => password.keyId !== keyId)
      await save()
      return true
    },
    refuseFirst: (appId, times) => void refusals.set(appId, times),
  }
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url')

const made = (text: string, at: number) => ({
  startDateTime: new Date(at).toISOString(),
  hint: text.slice(0, 3),
  sha256: sha256(text),
})

/** The secret of the seed, or of a test's app; the same id over a restart. */
function firstOf({ appId, secret }: App): ClientPassword {
  const hex = createHash('sha256').update(`first secret of ${appId}`).digest('hex')
  const keyId = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
  const start = Date.UTC(2026, 0, 1)
  return { keyId, displayName: 'made by hand', endDateTime: '2099-01-01T00:00:00.000Z', ...made(secret, start) }
}
