import { createEntra } from '../../shared/azure/entra.ts'
import { createPostForm } from '../../shared/azure/post-form.ts'
import { createFetchJson } from '../../shared/identity/fetch-json.ts'
import { createGoogle } from '../../shared/tokens/google/google.ts'

/**
 * A process behind a proxy: gets an Entra token for an application, keys of an issuer, a form's answer, and what Google's
 * library gets; prints for each `ok` or the failure's shape.
 */
const [tenant = '', clientId = '', assertion = '', provider = ''] = process.argv.slice(2)
const signal = AbortSignal.timeout(10_000)
const never = () => Promise.reject(new Error('not in this process'))
const entra = createEntra({
  authority: 'https://login.microsoftonline.com',
  open: never,
  ownSource: { kind: 'managed' },
})
const google = createGoogle({ federation: async () => assertion, ownEntraToken: never })
const account = { provider, subject: 'gateway', serviceAccount: 'a@b.iam.gserviceaccount.com', target: 'x' } as const
const keys = `https://login.microsoftonline.com/${tenant}/discovery/keys`
const calls = {
  sdk: () => entra.byAssertion({ tenant, clientId }, 'https://management.azure.com', async () => assertion)({ signal }),
  fetchJson: () => createFetchJson()(keys, { maxBytes: 65_536, timeoutMs: 10_000 }),
  postForm: () => createPostForm()(`https://login.microsoftonline.com/${tenant}/oauth2/v2.0/token`, {}, signal),
  google: () => google.idToken({ ...account, audience: 'x' }, signal),
}
const told = Object.entries(calls).map(async ([name, call]) => [
  name,
  await call().then(
    (got) => (got ? 'ok' : 'empty'),
    (error: Error) => ({ ...error, name: error.name }),
  ),
])
process.stdout.write(JSON.stringify(Object.fromEntries(await Promise.all(told))))
