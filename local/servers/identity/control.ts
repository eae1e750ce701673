import { z } from 'zod'
import { answerFaultControl, type Faults } from '../faults.ts'
import type { Handler, ServerAnswer, ServerRequest } from '../http-server.ts'
import { parseApp, parseIdentity, parseUser } from '../seed.ts'
import type { ClientPasswords } from './client-passwords.ts'
import type { Directory } from './directory.ts'
import type { GrantLog } from './grant-log.ts'
import { KEY_ALGORITHMS, type KeyStore } from './keys.ts'

const realm = z.string().regex(/^[a-z0-9-]{1,80}$/)

const Mint = z.strictObject({
  realm,
  claims: z.record(z.string(), z.unknown()),
  header: z.record(z.string(), z.unknown()).optional(),
  alg: z.enum(KEY_ALGORITHMS).optional(),
  key: z.enum(['current', 'previous', 'unpublished']).optional(),
})
export type MintRequest = z.input<typeof Mint>

export type ControlDeps = {
  directory: Directory
  keys: KeyStore
  faults: Faults
  grants: GrantLog
  passwords: Pick<ClientPasswords, 'refuseFirst'>
}

/** Puts `/_control/…` before a handler: minting, rollover, apps, faults, counters. Exists only in test runs. */
export function withControl(handle: Handler, deps: ControlDeps): Handler {
  return async (request) => {
    if (!request.url.pathname.startsWith('/_control/')) return handle(request)
    try {
      return answerFaultControl(deps.faults, request) ?? (await control(request, deps))
    } catch (error) {
      return { status: 400, json: { error: error instanceof Error ? error.message : String(error) } }
    }
  }
}

async function control({ url, body }: ServerRequest, deps: ControlDeps): Promise<ServerAnswer> {
  const { directory, keys, grants, passwords } = deps
  const [, client] = /^\/_control\/grants\/([^/]+)$/.exec(url.pathname) ?? []
  if (client) return { status: 200, json: grants.of(client) }
  const input = JSON.parse(body || '{}')
  switch (url.pathname) {
    case '/_control/mint': {
      const { realm: name, claims, header, alg, key } = Mint.parse(input)
      const token = await keys.sign(name, {
        claims,
        ...(header && { header }),
        ...(alg && { alg }),
        ...(key && { key }),
      })
      return { status: 200, json: { token } }
    }
    case '/_control/rollover':
      await keys.rollOver(realm.parse(input.realm))
      return { status: 204 }
    case '/_control/apps':
      directory.register(parseApp(input.app), z.string().parse(input.secret))
      return { status: 204 }
    case '/_control/users':
      directory.registerUser(parseUser(input.user), z.string().parse(input.password))
      return { status: 204 }
    case '/_control/identities':
      directory.registerIdentity(parseIdentity(input.identity))
      return { status: 204 }
    case '/_control/propagation':
      passwords.refuseFirst(z.guid().parse(input.client), z.int().min(0).parse(input.refusals))
      return { status: 204 }
    default:
      return { status: 404, json: { error: 'no such control' } }
  }
}
