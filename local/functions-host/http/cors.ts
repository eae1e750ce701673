export type Cors = {
  /** The whole answer's headers when this is a preflight. */
  preflight(method: string, headers: Headers): string[] | undefined
  /** Headers to add to an ordinary answer. */
  headersFor(origin: string | undefined): readonly (readonly [string, string])[]
}

type Headers = Readonly<Record<string, string | string[] | undefined>>

/** CORS of local.settings.json (`Host.CORS`), as `func start` does it: any header and method from the listed origins. */
export function createCors(origins: readonly string[], credentials: boolean): Cors | undefined {
  if (origins.length === 0) return undefined
  const any = origins.includes('*')

  function headersFor(origin: string | undefined): [string, string][] {
    if (origin === undefined || !(any || origins.includes(origin))) return []
    const headers: [string, string][] = [['Access-Control-Allow-Origin', any && !credentials ? '*' : origin]]
    if (!any || credentials) headers.push(['Vary', 'Origin'])
    if (credentials) headers.push(['Access-Control-Allow-Credentials', 'true'])
    return headers
  }

  return {
    headersFor,
    preflight(method, headers) {
      const wanted = headers['access-control-request-method']
      if (method !== 'OPTIONS' || headers['origin'] === undefined || wanted === undefined) return undefined
      const allowed = headersFor(String(headers['origin'])).flat()
      if (allowed.length === 0) return []
      const asked = headers['access-control-request-headers']
      const names = asked === undefined ? [] : ['Access-Control-Allow-Headers', String(asked)]
      return [...allowed, 'Access-Control-Allow-Methods', String(wanted), ...names]
    },
  }
}
