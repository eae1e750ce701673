import type { Place } from './place.ts'
import type { SasFields } from './string-to-sign.ts'

/**
 * canonicalizedResource: of what the request is about, as far as the SAS says that it reaches (`sr`, `sdd`, `tn`). A SAS of something
 * else was signed over another text, so its signature is wrong here. Undefined when it cannot be about this request at all.
 */
export function resourceOf({ account, service, segments }: Place, fields: SasFields): string | undefined {
  const [first] = segments
  if (first === undefined) return undefined
  // Of the libraries of the service some say `sr=q` and some say nothing; it is not signed.
  if (service === 'queue') return ['q', undefined].includes(fields.get('sr')) ? `/queue/${account}/${first}` : undefined
  if (service === 'table') {
    const table = tableIn(first).toLowerCase()
    return fields.get('tn')?.toLowerCase() === table ? `/table/${account}/${table}` : undefined
  }
  const depth = depthOf(fields, segments.length - 1)
  return depth === undefined ? undefined : `/blob/${account}/${segments.slice(0, depth + 1).join('/')}`
}

/** Segments of the name below the container that are signed; `sdd` belongs to a directory alone. */
function depthOf(fields: SasFields, wanted: number): number | undefined {
  const sdd = fields.get('sdd')
  switch (sdd === undefined ? fields.get('sr') : `${fields.get('sr')} with sdd`) {
    case 'c':
      return 0
    case 'b':
      return wanted > 0 ? wanted : undefined
    case 'd with sdd':
      return /^[1-9]\d{0,2}$/.test(sdd ?? '') && Number(sdd) <= wanted ? Number(sdd) : undefined
    default:
      return undefined
  }
}

/** `Orders` of `Orders(PartitionKey='a',RowKey='b')`. */
export const tableIn = (segment: string) => segment.split('(', 1)[0] ?? ''
