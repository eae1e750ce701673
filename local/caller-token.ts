import { readClientSecrets } from './servers/identity/directory.ts'
import { requestToken } from './servers/request-token.ts'
import { IDENTITIES_FILE, readSeed } from './servers/seed.ts'

/** Where the identity server of a local run is. */
export type IdentityServer = { stateDir: string; identity: string; ca: string }

export type TokenChoice = {
  /** App ID URI of what the token is for; the gateway by default. */
  resource?: string
  version?: 1 | 2
}

/** There is no such caller, or the state folder holds no secret of it. */
export class UnknownCaller extends Error {
  readonly callers: readonly string[]

  constructor(message: string, callers: readonly string[]) {
    super(message)
    this.callers = callers
  }
}

/** A seeded caller's own token, by the client credentials grant. Throws UnknownCaller, TokenRefused or the socket's error. */
export async function callerToken(
  { stateDir, identity, ca }: IdentityServer,
  name: string,
  { resource = 'api://sallyport', version = 2 }: TokenChoice = {},
): Promise<string> {
  const { tenant, apps } = await readSeed(IDENTITIES_FILE)
  const callers = apps.map((app) => app.name)
  const app = apps.find((one) => one.name === name)
  if (!app) throw new UnknownCaller(`there is no caller \`${name}\`; the callers are ${callers.join(', ')}`, callers)
  const clientSecret = (await readClientSecrets(stateDir))?.apps[name]
  if (!clientSecret) throw new UnknownCaller(`${stateDir} holds no secret of ${name}: run \`npm start\` again`, callers)
  return requestToken({ identity, ca, tenant, clientId: app.appId, clientSecret, resource, version })
}
