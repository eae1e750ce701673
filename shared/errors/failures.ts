import { type ErrorSpec, oauth } from './error-spec.ts'

/** What only its operators, or time, can change: 5xx. */
export const FAILURES = {
  internal: {
    status: 500,
    title: 'the gateway failed',
    remedy: 'Report the `instance`; nothing was handed out.',
    oauth: oauth('server_error', 500),
  },
  journal_unavailable: {
    status: 503,
    title: 'the request could not be recorded, so nothing was done',
    remedy: 'Retry after `Retry-After`; an operator should look at the data storage account.',
    oauth: oauth('temporarily_unavailable', 503),
  },
  policy_unavailable: {
    status: 503,
    title: 'the policies cannot be read or are too old to trust',
    remedy: 'Retry after `Retry-After`; an operator should look at the `policies` table.',
    oauth: oauth('temporarily_unavailable', 503),
  },
  storage_unavailable: {
    status: 503,
    title: 'what was used or revoked before cannot be looked up, so nothing was done',
    remedy: 'Retry after `Retry-After`; an operator should look at the data storage account.',
    oauth: oauth('temporarily_unavailable', 503),
  },
  no_policy: {
    status: 503,
    title: 'no policy has been applied yet',
    remedy: 'Run `sallyport policy apply`.',
    oauth: oauth('temporarily_unavailable', 503),
  },
  issuer_unavailable: {
    status: 503,
    title: 'the keys of the token issuer cannot be read',
    remedy: 'Retry after `Retry-After`; an operator should look at the issuer.',
    oauth: oauth('temporarily_unavailable', 503),
  },
  vault_unavailable: {
    status: 503,
    title: 'the vault cannot be read',
    remedy: 'Retry after `Retry-After`; an operator should look at the Key Vault.',
    oauth: oauth('temporarily_unavailable', 503),
  },
  keys_unavailable: {
    status: 503,
    title: 'the signing keys are not ready',
    remedy: 'Retry after `Retry-After`.',
    oauth: oauth('temporarily_unavailable', 503),
  },
  upstream_unavailable: {
    status: 503,
    title: 'the identity provider behind the target gives no token now',
    remedy: 'Retry after `Retry-After`; an operator should look at that provider.',
    oauth: oauth('temporarily_unavailable', 503),
  },
  upstream_refused: {
    status: 502,
    title: 'the identity provider behind the target refuses the credential of the target',
    remedy: 'An operator should look at the target and its credential; the log names the reason by the `instance`.',
    oauth: oauth('server_error', 502),
  },
} satisfies Record<string, ErrorSpec>
