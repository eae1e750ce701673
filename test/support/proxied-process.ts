import { createEntra } from '../../shared/azure/entra.ts'

/** A process behind a proxy: gets an Entra token for an application, prints `ok` or the failure's shape. */
const [tenant = '', clientId = '', assertion = ''] = process.argv.slice(2)
const entra = createEntra({
  authority: 'https://login.microsoftonline.com',
  open: () => Promise.reject(new Error('not in this process')),
  ownSource: { kind: 'managed' },
})
const fetch = entra.byAssertion({ tenant, clientId }, 'https://management.azure.com', async () => assertion)
const told = await fetch({ signal: AbortSignal.timeout(10_000) }).then(
  ({ token }) => (token ? 'ok' : 'empty'),
  (error: Error) => JSON.stringify({ ...error, name: error.name }),
)
process.stdout.write(told)
