import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { JSONWebKeySet } from 'jose'
import { parseEntraIssuer } from '../../../shared/identity/entra-issuer.ts'
import { readJsonFile } from '../atomic-file.ts'
import { ensureCertificates } from '../certificates.ts'
import { GOOGLE_ISSUER, googleJwksPath } from '../clouds/google/jwks.ts'
import { createFaults, type Fault, type Faults, suffer } from '../faults.ts'
import { type Handler, type ServerAnswer, serve } from '../http-server.ts'
import { holdLock, SHUTDOWN_MS } from '../lock.ts'
import { type Flags, runServerProcess, type Started } from '../process.ts'
import { IDENTITIES_FILE, readSeed } from '../seed.ts'
import { createAuthority } from './authority.ts'
import { createAssertionVerifier } from './client-assertion.ts'
import { openClientPasswords } from './client-passwords.ts'
import { withControl } from './control.ts'
import { openDirectory } from './directory.ts'
import { createGrantLog } from './grant-log.ts'
import { withGraph } from './graph/graph.ts'
import { createIssuerKeys } from './issuer-keys.ts'
import { createKeyStore } from './keys.ts'
import { answerIdentityRequest, type ManagedIdentityDeps } from './managed-identity.ts'
import { oidcRealm } from './oidc-issuer.ts'

const now = () => Date.now()

await runServerProcess({
  name: 'identity',
  flags: {
    port: { type: 'string', default: '0' },
    'msi-port': { type: 'string', default: '0' },
    state: { type: 'string', default: '.sallyport' },
    seed: { type: 'string', default: IDENTITIES_FILE },
    control: { type: 'boolean', default: false },
  },
  start,
})

async function start(flags: Flags): Promise<Started> {
  const stateDir = String(flags['state'])
  const folder = join(stateDir, 'identity')
  const lock = await holdLock(join(folder, 'lock'), {
    what: `the identity server's folder ${folder}`,
    waitMs: SHUTDOWN_MS,
  })
  const certificates = await ensureCertificates(stateDir, now)
  const directory = await openDirectory(await readSeed(String(flags['seed'])), stateDir)
  const passwords = await openClientPasswords(stateDir, now)
  const keys = createKeyStore(join(folder, 'keys'))
  await keys.published(directory.tenant)
  const faults = createFaults()
  const verifyAssertion = createAssertionVerifier({
    tenant: directory.tenant,
    issuerKeys: issuerKeysOf(keys, certificates.ca, googleJwksPath(join(stateDir, 'clouds'))),
    now,
  })
  const anyRealm = flags['control'] === true
  const grants = createGrantLog()
  const deps = { directory, passwords, keys, faults, grants, now }
  const handler = withGraph(createAuthority({ ...deps, verifyAssertion, anyRealm }), deps)
  const tls = { cert: await readFile(certificates.cert, 'utf8'), key: await readFile(certificates.key, 'utf8') }
  const handle = anyRealm ? withControl(handler, deps) : handler
  const https = await serve({ port: Number(flags['port']), handle, tls })
  const http = await serve({
    port: Number(flags['msi-port']),
    handle: identityEndpoint({ directory, keys, now }, faults),
  })
  return {
    ports: { https: https.port, msi: http.port },
    close: async () => {
      await Promise.all([https.close(), http.close()])
      await lock.release()
    },
  }
}

/** Assertions may come from this very server's issuers, which need no network, or from Google's, whose stand-in left its keys. */
function issuerKeysOf(keys: ReturnType<typeof createKeyStore>, ca: string, googleJwks: string) {
  const outside = createIssuerKeys(ca)
  return async (issuer: string) => {
    if (issuer === GOOGLE_ISSUER) return (await readJsonFile(googleJwks)) as JSONWebKeySet | undefined
    const [, name] = /^https:\/\/oidc\.sallyport\.test\/([a-z0-9-]+)$/.exec(issuer) ?? []
    const tenant = parseEntraIssuer(issuer)?.tenant
    const realm = name ? oidcRealm(name) : tenant
    return realm ? { keys: await keys.published(realm) } : outside(issuer)
  }
}

function identityEndpoint(deps: ManagedIdentityDeps, faults: Faults): Handler {
  return (request) => {
    if (request.url.pathname.replace(/\/$/, '') !== '/msi/token')
      return { status: 404, json: { statusCode: 404, message: 'No such path.' } }
    const scope = String(request.headers['x-identity-header'] ?? '').split('~')[1] ?? 'msi'
    const fault = faults.next({ scope, operation: 'msi', path: `${request.url.pathname}${request.url.search}` })
    return suffer(fault, () => answerIdentityRequest(request, deps), shape)
  }
}

const shape = (fault: Fault): ServerAnswer => ({
  status: fault.kind === 'throttle' ? 429 : (fault.status ?? 500),
  headers: { ...(fault.retryAfterSeconds && { 'retry-after': String(fault.retryAfterSeconds) }) },
  json: { statusCode: fault.kind === 'throttle' ? 429 : (fault.status ?? 500), message: 'Injected by a test.' },
})
