import { relative } from 'node:path'

/** The callers that are seeded (local/seed/policies), in the words of the example policies. */
const CALLERS = [
  ['billing-app', 'get, list, metadata on secret/main/stripe-*; token/ledger-api'],
  ['orders-app', 'get, list on orders-db-password and smtp-password'],
  ['reports-app', 'a READ-only role on token/reports-blob and token/ledger-api (a write target: refused)'],
  ['analytics-app', 'token/bigquery (Google) and token/arm-reader (Entra)'],
  ['ledger-api', 'token:introspect on token/ledger-api'],
  ['deploy-app', 'set, disable, restore, metadata on secret/main/*; no get'],
  ['logic-app', 'get and handles on stripe-api-key; rotation of orders-db-password; events'],
  ['security-officer', 'audit, policy and grant reading'],
  ['platform-engineer', 'policy and rotation actions'],
  ['approver', 'approvals'],
  ['stranger', 'nothing'],
] as const

/** What `npm start` prints when it is ready: an allowed request, a refused one, a token, the journal. */
export function whatToTry({ gateway, stateDir }: { gateway: string; stateDir: string }): string {
  const below = relative(process.cwd(), stateDir) || '.'
  const folder = below.startsWith('..') ? stateDir : below
  const state = folder === '.sallyport' ? '' : ` --state ${shellWord(folder)}`
  const bearer = (caller: string) => `-H "Authorization: Bearer $(npm run --silent token -- ${caller}${state})"`
  return `
Sallyport runs at ${gateway} with local stand-ins for Azure: not for production.

Callers, each with a token by \`npm run --silent token -- <caller>${state}\`:
${CALLERS.map(([name, may]) => `  ${name.padEnd(18)} ${may}`).join('\n')}

Try, in another terminal:
  a secret     curl -s ${bearer('billing-app')} ${gateway}/v1/secrets/main/stripe-api-key
  refused      curl -s ${bearer('stranger')} ${gateway}/v1/secrets/main/stripe-api-key
  a token      curl -s ${bearer('billing-app')} -H 'Content-Type: application/json' -d '{"target":"ledger-api"}' ${gateway}/v1/tokens
  a SAS        curl -s ${bearer('reports-app')} -H 'Content-Type: application/json' -d '{"target":"reports-blob","path":"2026/invoices.csv"}' ${gateway}/v1/tokens
  Google       curl -s ${bearer('analytics-app')} -H 'Content-Type: application/json' -d '{"target":"bigquery"}' ${gateway}/v1/tokens
  a rotation   cli/sallyport.mjs rotation run orders-db-password --caller platform-engineer${state}
  the journal  cli/sallyport.mjs audit query${state}
  is it whole? cli/sallyport.mjs audit verify${state}

Timers look at rotations and at who reads what every 2 s here; a new value is tried for 3 s, the old one ends after 20 s at the latest.
Ctrl-C stops everything; the next start keeps the state.`
}

/** As a POSIX shell takes it for one word, to be copied from the terminal. */
const shellWord = (text: string) => (/^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)
