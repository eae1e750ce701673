import type { SecretRecord, Version } from './secret-record.ts'
import type { One } from './vault.ts'
import { badParameter } from './vault-error.ts'

const RECOVERABLE_DAYS = 90
const DAY_SECONDS = 86_400

type Json = Record<string, unknown>

const attributes = ({ enabled, nbf, exp, created, updated }: Version): Json => ({
  enabled,
  ...(nbf !== undefined && { nbf }),
  ...(exp !== undefined && { exp }),
  created,
  updated,
  recoveryLevel: 'Recoverable+Purgeable',
  recoverableDays: RECOVERABLE_DAYS,
})

const common = (version: Version): Json => ({
  ...(version.contentType !== undefined && { contentType: version.contentType }),
  attributes: attributes(version),
  ...(version.tags && { tags: version.tags }),
})

/** A version with its value (get, set) or without it (update, recover, restore). `base` is the vault's origin. */
export const bundle = (base: string, { record, version }: One, withValue: boolean): Json => ({
  ...(withValue && { value: version.value }),
  id: `${base}/secrets/${record.name}/${version.id}`,
  ...common(version),
})

/** Item of a list of secrets: the newest version's facts, its id without the version. */
export const item = (base: string, record: SecretRecord): Json => ({
  id: `${base}/secrets/${record.name}`,
  ...common(newest(record)),
})

export const deletion = (base: string, record: SecretRecord): Json => {
  const at = Math.floor((record.deletedAt ?? 0) / 1_000)
  return {
    recoveryId: `${base}/deletedsecrets/${record.name}`,
    deletedDate: at,
    scheduledPurgeDate: at + RECOVERABLE_DAYS * DAY_SECONDS,
  }
}

/** Answer of a delete and of a look at a deleted secret. */
export const deletedBundle = (base: string, record: SecretRecord): Json => ({
  ...deletion(base, record),
  ...bundle(base, { record, version: newest(record) }, false),
})

export const deletedItem = (base: string, record: SecretRecord): Json => ({
  ...deletion(base, record),
  ...item(base, record),
})

export function newest(record: SecretRecord): Version {
  const version = record.versions.at(-1)
  if (!version) throw new Error('a secret without versions')
  return version
}

export type Page = { value: Json[]; nextLink: string | null }

const MAX_PAGE = 25

/** One page: `maxresults` (1 to 25) and an opaque `$skiptoken`; the next page's link is absolute. */
export function page<T>(url: URL, all: readonly T[], show: (entry: T) => Json | undefined): Page {
  const size = pageSize(url)
  const from = skipTo(url)
  const value = all
    .slice(from, from + size)
    .map(show)
    .filter((shown) => shown !== undefined)
  if (from + size >= all.length) return { value, nextLink: null }
  const next = new URL(url)
  next.searchParams.set('$skiptoken', Buffer.from(JSON.stringify({ from: from + size })).toString('base64'))
  next.searchParams.set('maxresults', String(size))
  return { value, nextLink: withPort(next) }
}

/** The real service names the default port in its links. */
const withPort = (url: URL) => (url.port ? url.href : url.href.replace(url.host, `${url.host}:443`))

function pageSize(url: URL): number {
  const text = url.searchParams.get('maxresults')
  const size = text === null ? MAX_PAGE : Number(text)
  if (!Number.isInteger(size) || size < 1 || size > MAX_PAGE) {
    throw badParameter(`Property maxresults has an invalid value. Its value must be between 1 and ${MAX_PAGE}.`)
  }
  return size
}

function skipTo(url: URL): number {
  const token = url.searchParams.get('$skiptoken')
  if (token === null) return 0
  try {
    const { from } = JSON.parse(Buffer.from(token, 'base64').toString('utf8'))
    if (Number.isInteger(from) && from >= 0) return from
  } catch {
    // falls through
  }
  throw badParameter('The skip token is not valid.')
}
