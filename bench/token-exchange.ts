import { randomUUID } from 'node:crypto'
import type { JwtTarget } from '../shared/policy/target.ts'
import { ACCESS_TOKEN_TYP, planJwt } from '../shared/tokens/jwt-token.ts'
import { createSigner } from '../shared/tokens/keys/signer.ts'
import { generateSigningSecret, importSigningKey } from '../shared/tokens/keys/signing-key.ts'
import { createJwtKind } from '../shared/tokens/kinds/jwt.ts'
import { principal } from '../test/support/principal.ts'
import { AT_LOAD, againstHello } from './against-hello.ts'
import { type Benchmark, median, round } from './figure.ts'
import type { RunningHost, Stack } from './stack.ts'

const GOAL = 0.4
const RAW_GOAL = 0.5
const ISSUER = 'http://127.0.0.1:7071'
const RAW_SECONDS = 2
const RAW_ROUNDS = 3

/** B3: the whole door and a signature, against `hello` and against signing alone. */
export const tokenExchange: Benchmark = {
  id: 'B3',
  what: 'mint an at+jwt (ES256) by token exchange, journaled, 50 connections, against `hello`',
  run: async (say) => {
    const goalText = `≥ ${GOAL.toFixed(2)} of the throughput of hello; ≥ ${RAW_GOAL} of raw signatures`
    const figure = await againstHello(
      { say, work: 'exchange', goal: GOAL, goalText },
      { warmUp: exchange, load: exchange },
    )
    const { minted, raw } = await againstRawSignatures()
    say(`in process: ${Math.round(minted)} tokens/s, ${Math.round(raw)} raw signatures/s`)
    return {
      ...figure,
      met: figure.met && minted / raw >= RAW_GOAL,
      notes: {
        ...figure.notes,
        'tokens made in process ÷ raw signatures': round(minted / raw),
        'raw signatures/s': Math.round(raw),
      },
    }
  },
}

/** The subject token, seen before, speaks for its caller: as a cloud's own client library calls. */
async function exchange(host: RunningHost, stack: Stack) {
  const form = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: await stack.token('billing-app'),
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    audience: 'ledger-api',
  })
  return {
    ...{ url: `${host.url}/oauth2/token`, method: 'POST' as const, body: form.toString() },
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    ...AT_LOAD,
  }
}

/** What the kind does beside signing, on the same key: planned, signed and hashed, without door and wire. By turns. */
async function againstRawSignatures(): Promise<{ minted: number; raw: number }> {
  const key = await importSigningKey('ES256', await generateSigningSecret('ES256'))
  if (!key) throw new Error('no key')
  const signer = await createSigner(key)
  const kind = createJwtKind({ keys: { signer: async () => signer }, issuer: ISSUER })
  const { claims } = planJwt({ ...order(), issuer: ISSUER })
  const mint = async () => (await kind.plan(order())).mint()
  const rounds = []
  for (let index = 0; index < RAW_ROUNDS; index++) {
    rounds.push({ minted: await perSecond(mint), raw: await perSecond(() => signer.sign(claims, ACCESS_TOKEN_TYP)) })
  }
  return { minted: median(rounds.map(({ minted }) => minted)), raw: median(rounds.map(({ raw }) => raw)) }
}

const order = () => ({
  ...{ txn: randomUUID(), jti: randomUUID(), target: TARGET, subject: principal(), actor: undefined },
  ...{ notAfter: Date.now() + 7_200_000, context: {}, obligations: {}, now: Date.now() },
})

const TARGET: JwtTarget = {
  ...{ kind: 'target', name: 'ledger-api', access: 'write', resources: [] },
  token: {
    ...{ kind: 'jwt', audience: 'api://ledger', scopes: ['ledger.read', 'ledger.write'] },
    ...{ algorithm: 'ES256', maxTtlSeconds: 3_600 },
  },
}

/** As many at once as the load has connections. */
async function perSecond(act: () => Promise<unknown>): Promise<number> {
  let count = 0
  const started = performance.now()
  const until = started + RAW_SECONDS * 1_000
  const loop = async () => {
    for (; performance.now() < until; count++) await act()
  }
  await Promise.all(Array.from({ length: AT_LOAD.connections }, loop))
  return (count / (performance.now() - started)) * 1_000
}
