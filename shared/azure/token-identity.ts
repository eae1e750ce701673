import { z } from 'zod'

const Claims = z.object({ oid: z.guid().optional(), appid: z.guid().optional(), azp: z.guid().optional() })

/** Remembers who the gateway's own tokens say it is, for the operators' trace of a 403. Reads claims, keeps no token. */
export function createTokenIdentity() {
  let identity: string | undefined
  let known: readonly string[] = []
  return {
    seen(token: string): void {
      try {
        const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
        const { oid, appid, azp } = Claims.parse(payload)
        known = [oid, appid, azp].filter((id) => id !== undefined)
        if (oid) identity = `object id ${oid}${(appid ?? azp) ? `, application id ${appid ?? azp}` : ''}`
      } catch {
        // A token without readable claims says nothing; the trace then names the managed identity.
      }
    },
    describe: () => identity,
    /** Its object and application id. */
    ids: () => known,
  }
}
