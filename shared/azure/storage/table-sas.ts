import { createHmac } from 'node:crypto'
import type { SasOrder, SasPlace } from '../../tokens/storage/sas.ts'
import { SAS_VERSION } from './blob-sas.ts'
import type { DelegationKey } from './delegation-key.ts'

type Order = SasOrder & { place: SasPlace & { service: 'table' } }

/** In the order in which the service wants them. */
const LETTERS = { read: 'r', add: 'a', update: 'u', delete: 'd' } as const

/**
 * A SAS of the table service, preview. Its JavaScript library signs none with a user delegation key, so this follows
 * learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas ("Construct the string to sign", version
 * 2025-07-05). The service has no field for a correlation id.
 */
export function signTableSas(order: Order, key: DelegationKey): string {
  const { place, holder } = order
  const query: Record<string, string> = {
    sv: SAS_VERSION,
    spr: 'https',
    se: time(order.expiresAt * 1_000),
    ...(order.address && { sip: [order.address.start, order.address.end].filter(Boolean).join('-') }),
    skoid: key.objectId,
    sktid: key.tenant,
    skt: time(key.startsAt),
    ske: time(key.endsAt),
    sks: key.service,
    skv: key.version,
    tn: place.table,
    sp: lettersOf(order),
    ...(holder && { sduoid: holder.objectId }),
  }
  const text = stringToSign(query, place)
  const sig = key.value.within((value) =>
    createHmac('sha256', Buffer.from(value, 'base64')).update(text).digest('base64'),
  )
  return Object.entries({ ...query, sig })
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&')
}

function stringToSign(query: Record<string, string>, place: Order['place']): string {
  const lines = [
    query['sp'],
    '', // st: it begins at once
    query['se'],
    // The service signs a table's name in lower case.
    `/table/${place.account}/${place.table.toLowerCase()}`,
    ...['skoid', 'sktid', 'skt', 'ske', 'sks', 'skv'].map((name) => query[name]),
    '', // skdutid: the holder is of the key's own tenant
    query['sduoid'] ?? '',
    query['sip'] ?? '',
    query['spr'],
    query['sv'],
    ...['', '', '', ''], // spk, srk, epk, erk: its keys have no bounds
  ]
  return lines.join('\n')
}

const lettersOf = ({ permissions }: Order) =>
  Object.entries(LETTERS)
    .filter(([permission]) => permissions.some((one) => one === permission))
    .map(([, letter]) => letter)
    .join('')

/** Whole seconds: every line of a signature is compared as text. */
const time = (at: number) => `${new Date(at).toISOString().slice(0, 19)}Z`
