import { ENDPOINTS } from '../../../functions/endpoints.ts'
import { MAX_REPLAY_BYTES } from '../../../shared/audit/replay/request.ts'
import type { Endpoint, Method } from '../../../shared/http/endpoint.ts'
import { MAX_DOCUMENTS_BYTES } from '../../../shared/policy-changes/request.ts'
import { MAX_BODY_BYTES } from '../../../shared/secrets/new-secret.ts'
import { TOKEN_EXCHANGE } from '../../../shared/tokens/exchange-request.ts'
import type { FormBody, JsonBody, Recipe } from './recipe.ts'

export type { Facts, FormBody, JsonBody } from './recipe.ts'

export type Operation = { endpoint: Endpoint; method: Method; title: string; recipe: Recipe | undefined }

const SMALL = 64 * 1024
const SECRET = { vault: 'main', name: 'stripe-bad-input' }
/** As long as what it stands for, so that a padded body keeps its length. */
export const PROPOSAL_HASH = 'proposal-hash'.padEnd(63, '-')
/** One that nobody runs; those that run are made as they are needed. */
export const ROTATION = 'bad-input-idle'
export const ROTATION_TO_RUN = 'bad-input-to-run'
export const ROTATION_RUN = 'bad-input-run'
export const CALLBACK_HOST = 'hooks.sallyport.test'
const CALLBACK_URL = `https://${CALLBACK_HOST}/bad-input?sig=kept-as-a-secret`
const ROLE = { kind: 'role', name: 'bad-input', actions: ['secret:get'] }
const READS_STRIPE = { actions: ['secret:get'], resources: ['secret/main/stripe-*'] }

const open: Recipe = { credential: 'none' }
const json = (good: Record<string, unknown>, required: string[], maxBytes = SMALL): JsonBody => ({
  kind: 'json',
  maxBytes,
  good,
  required,
})
const form = (good: Record<string, string>, required: string[]): FormBody => ({
  kind: 'form',
  maxBytes: SMALL,
  good,
  required,
})

/** A good request for every operation: what is refused is then refused for its one fault. */
export const RECIPES: Record<string, Recipe> = {
  'GET /healthz': open,
  'GET /openapi.json': open,
  'GET /swagger.json': open,
  'GET /.well-known/openid-configuration': open,
  'GET /.well-known/oauth-authorization-server': open,
  'GET /.well-known/oauth-protected-resource': open,
  'GET /oauth2/jwks': open,
  'POST /oauth2/token': {
    credential: 'form',
    body: form(
      {
        grant_type: TOKEN_EXCHANGE,
        subject_token: '$bearer',
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        audience: 'ledger-api',
      },
      ['grant_type', 'subject_token', 'subject_token_type', 'audience'],
    ),
  },
  'POST /oauth2/introspect': { credential: 'bearer', body: form({ token: 'none' }, ['token']) },
  'POST /oauth2/revoke': { credential: 'bearer', body: form({ token: 'none' }, ['token']) },
  'POST /v1/tokens': {
    credential: 'bearer',
    badQueries: ['ttl=5m', 'target=ledger-api'],
    body: json({ target: 'ledger-api', ttl: 60, reason: 'because' }, ['target']),
  },
  'GET /v1/subject-tokens/{target}': {
    credential: 'bearer',
    params: { target: 'warehouse' },
    badQueries: ['target=warehouse', 'audience=x'],
  },
  'GET /v1/whoami': { credential: 'bearer', badQueries: ['principal=me'] },
  'POST /v1/policy-explanations': {
    credential: 'bearer',
    badQueries: ['principal=me'],
    body: json({ action: 'secret:get', resource: 'secret/main/stripe-bad-input' }, ['action', 'resource']),
  },
  'POST /v1/policy-replays': {
    credential: 'bearer',
    badQueries: ['days=1'],
    body: json(
      { documents: [{ kind: 'role', name: 'none', actions: ['secret:list'] }], days: 1 },
      ['documents', 'days'],
      MAX_REPLAY_BYTES,
    ),
  },
  'GET /v1/policy-replays/{id}': {
    credential: 'bearer',
    params: { id: '$replay' },
    badQueries: ['days=1'],
  },
  'GET /v1/policy-probes/{name}': { credential: 'bearer', params: { name: 'payments-go-on' }, badQueries: ['case=0'] },
  'GET /v1/secrets': {
    credential: 'bearer',
    repeatable: 'vault=main',
    badQueries: [
      'vault=',
      'vault=a/b',
      'limit=0',
      'limit=201',
      'limit=1.5',
      'limit=',
      'after=!',
      'after=Li4',
      'prefix=a/b',
      'Limit=1',
    ],
  },
  'GET /v1/secrets/{vault}/{name}': {
    credential: 'bearer',
    params: SECRET,
    repeatable: 'wait=0',
    badQueries: ['wait=26', 'wait=-1', 'wait=1e1', 'wait=', 'version=latest', 'version=..', 'version=', 'Wait=0'],
  },
  'PUT /v1/secrets/{vault}/{name}': {
    credential: 'bearer',
    params: SECRET,
    badQueries: ['version=1', 'api-version=7.4'],
    body: json({ value: 'good', tags: { owner: 'team-test' }, contentType: 'text/plain' }, ['value'], MAX_BODY_BYTES),
  },
  'GET /v1/secrets/{vault}/{name}/versions': {
    credential: 'bearer',
    params: SECRET,
    repeatable: 'limit=1',
    badQueries: ['limit=0', 'limit=1000', 'after=zz', 'vault=main'],
  },
  'PATCH /v1/secrets/{vault}/{name}/versions/{version}': {
    credential: 'bearer',
    params: { ...SECRET, version: '$version' },
    badQueries: ['enabled=true'],
    body: json({ enabled: true }, ['enabled']),
  },
  'POST /v1/grants': {
    credential: 'bearer',
    badQueries: ['ttl=5m', 'breakGlass=true'],
    body: json({ ...READS_STRIPE, ttl: '5m', maxUses: 3, reason: 'because' }, ['actions', 'resources', 'ttl']),
  },
  'GET /v1/grants': {
    credential: 'bearer',
    repeatable: 'limit=1',
    badQueries: ['limit=0', 'limit=201', 'limit=', 'limit=1e1', 'after=!', 'after=cHw', 'principal=me', 'Limit=1'],
  },
  'POST /v1/grants/{id}/delegations': {
    credential: 'bearer',
    presents: 'grant',
    params: { id: '$parent' },
    badQueries: ['ttl=5m', 'id=x'],
    body: json({ ...READS_STRIPE, ttl: '5m', maxUses: 3, reason: 'because' }, ['actions', 'resources', 'ttl']),
  },
  'POST /v1/grants/{id}/renewals': {
    credential: 'bearer',
    presents: 'grant',
    params: { id: '$parent' },
    badQueries: ['generation=1', 'ttl=5m'],
    body: json({ generation: 1 }, ['generation']),
  },
  'POST /v1/grants/{id}/approvals': {
    credential: 'bearer',
    params: { id: '$pending' },
    badQueries: ['decision=approve'],
    body: json({ decision: 'approve', reason: 'because' }, ['decision', 'reason']),
  },
  'POST /v1/grant-revocations': {
    credential: 'bearer',
    badQueries: ['principal=me', 'resourcePrefix=secret'],
    body: json({ resourcePrefix: 'secret/main/nobody-has-this', reason: 'because' }, ['resourcePrefix']),
  },
  'GET /v1/grants/{id}': { credential: 'bearer', params: { id: '$grant' }, badQueries: ['limit=1', 'id=x'] },
  'DELETE /v1/grants/{id}': { credential: 'bearer', params: { id: '$grant' }, badQueries: ['limit=1', 'id=x'] },
  'POST /v1/handles': {
    credential: 'bearer',
    badQueries: ['ttl=5m', 'vault=main'],
    body: json({ ...SECRET, ttl: '5m', reason: 'because' }, ['vault', 'name']),
  },
  'GET /v1/handles/{id}': {
    credential: 'bearer',
    params: { id: '$seen' },
    badQueries: ['redeem=1', 'vault=main'],
  },
  'POST /v1/handles/{id}/redeem': {
    credential: 'bearer',
    params: { id: '$handle' },
    badQueries: ['redeem=1', 'version=1'],
    body: json({ reason: 'because' }, []),
    repeat: 410,
  },
  'GET /v1/rotations': {
    credential: 'bearer',
    repeatable: 'limit=1',
    badQueries: ['limit=0', 'limit=201', 'limit=', 'after=!', 'after=Li4', 'Limit=1', 'name=x'],
  },
  'GET /v1/rotations/{name}': { credential: 'bearer', params: { name: ROTATION }, badQueries: ['limit=1', 'name=x'] },
  'GET /v1/rotations/{name}/impact': {
    credential: 'bearer',
    params: { name: ROTATION },
    badQueries: ['limit=1', 'days=7'],
  },
  'POST /v1/rotations/{name}/runs': {
    credential: 'bearer',
    params: { name: '$idle' },
    bodiless: true,
    badQueries: ['force=true', 'name=x'],
  },
  'GET /v1/rotations/{name}/runs/{id}': {
    credential: 'bearer',
    params: { name: '$ran', id: '$run' },
    badQueries: ['wait=1', 'id=x'],
  },
  'POST /v1/rotations/{name}/runs/{id}/steps': {
    credential: 'bearer',
    params: { name: '$ran', id: '$run' },
    badQueries: ['step=set', 'force=true'],
    body: json({ step: 'set', reason: 'because' }, ['step']),
  },
  'POST /v1/subscriptions': {
    credential: 'bearer',
    badQueries: ['events=secret.rotated', 'callbackUrl=x'],
    body: json({ callbackUrl: CALLBACK_URL, events: ['secret.rotated'], reason: 'because' }, ['callbackUrl', 'events']),
  },
  'DELETE /v1/subscriptions/{id}': { credential: 'bearer', params: { id: '$subscription' }, badQueries: ['id=x'] },
  'POST /v1/unsubscriptions': {
    credential: 'bearer',
    badQueries: ['callbackUrl=x'],
    body: json({ callbackUrl: CALLBACK_URL, reason: 'because' }, ['callbackUrl']),
  },
  'GET /v1/reports/{name}': {
    credential: 'bearer',
    params: { name: 'unused' },
    repeatable: 'format=json',
    badQueries: ['format=', 'format=pdf', 'Format=json', 'limit=1'],
  },
  'GET /v1/policies': {
    credential: 'bearer',
    repeatable: 'limit=1',
    badQueries: ['limit=0', 'limit=201', 'limit=', 'kind=', 'kind=a/b', 'after=!', 'after=Li4', 'Limit=1'],
  },
  'GET /v1/policies/{kind}/{id}': {
    credential: 'bearer',
    params: { kind: 'role', id: 'secret-reader' },
    badQueries: ['revision=1', 'kind=role'],
  },
  'PUT /v1/policies/{kind}/{id}': {
    credential: 'bearer',
    params: { kind: 'role', id: ROLE.name },
    badQueries: ['force=true', 'kind=role'],
    body: { ...json({ document: ROLE, reason: 'because' }, ['document'], MAX_DOCUMENTS_BYTES), judged: 'document' },
  },
  'DELETE /v1/policies/{kind}/{id}': {
    credential: 'bearer',
    params: { kind: 'role', id: '$doomed' },
    badQueries: ['force=true'],
  },
  'GET /v1/policies/{kind}/{id}/approvals': {
    credential: 'bearer',
    params: { kind: 'role', id: ROLE.name },
    badQueries: ['state=pending', 'limit=1'],
  },
  'POST /v1/policies/{kind}/{id}/approvals': {
    credential: 'bearer',
    params: { kind: 'statement', id: '$proposed' },
    badQueries: ['decision=approve'],
    body: json({ sha256: `$${PROPOSAL_HASH}`, decision: 'approve', reason: 'because' }, [
      'sha256',
      'decision',
      'reason',
    ]),
  },
  'POST /v1/policy-plans': {
    credential: 'bearer',
    badQueries: ['manager=default', 'exact=true'],
    body: {
      ...json({ documents: [ROLE], reason: 'because' }, ['documents'], MAX_DOCUMENTS_BYTES),
      judged: 'documents',
    },
  },
  'POST /v1/secret-batches': {
    credential: 'bearer',
    badQueries: ['limit=1'],
    body: json({ items: [SECRET], reason: 'because' }, ['items']),
  },
}

/** Every method of every endpoint, with its recipe where there is one. */
export const OPERATIONS: readonly Operation[] = ENDPOINTS.flatMap((endpoint) =>
  (Object.keys(endpoint.methods) as Method[]).map((method) => {
    const title = `${method} /${endpoint.route}`
    return { endpoint, method, title, recipe: RECIPES[title] }
  }),
)

export type Known = Operation & { recipe: Recipe }

export const KNOWN = OPERATIONS.filter((operation): operation is Known => operation.recipe !== undefined)

/** Path of an operation; a changed parameter goes in as it is, so that a test can spell it in any way. */
export function pathOf({ endpoint, recipe }: Known, changed: Record<string, string> = {}): string {
  const params = { ...recipe.params, ...changed }
  return `/${endpoint.route.replaceAll(/\{(\w+)\}/g, (_, name: string) => params[name] ?? '')}`
}
