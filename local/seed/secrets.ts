import { randomBytes } from 'node:crypto'
import { Secret } from '../../shared/secrets/secret.ts'
import type { NewSecret } from '../../shared/secrets/vault.ts'
import { ORDERS_DATABASE_HOST } from '../servers/environment.ts'

const HOUR_MS = 3_600_000
const random = (prefix = '') => new Secret(`${prefix}${randomBytes(24).toString('base64url')}`)

const login = (username: string) =>
  new Secret(
    JSON.stringify({
      username,
      password: randomBytes(24).toString('base64url'),
      host: ORDERS_DATABASE_HOST,
      port: 5432,
      database: 'orders',
    }),
  )

/** The secrets of vault `main` in a local run; the values exist only in that state folder. */
export const EXAMPLE_SECRETS: readonly { name: string; make: () => NewSecret }[] = [
  { name: 'stripe-api-key', make: () => ({ value: random('sk_test_'), tags: { owner: 'team-billing' } }) },
  { name: 'stripe-webhook-secret', make: () => ({ value: random('whsec_'), tags: { owner: 'team-billing' } }) },
  {
    name: 'orders-db-password',
    make: () => ({ value: login('orders_a'), contentType: 'application/json', tags: { owner: 'team-orders' } }),
  },
  {
    name: 'smtp-password',
    make: () => ({ value: random(), expires: Date.now() - HOUR_MS, tags: { owner: 'team-orders' } }),
  },
  { name: 'legacy-ftp', make: () => ({ value: random() }) },
]
