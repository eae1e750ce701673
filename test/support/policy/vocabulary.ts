/** A small world, so that generated statements and questions often meet. */
export const TENANTS = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'] as const
export const OBJECTS = ['b0000000-0000-4000-8000-000000000001', 'b0000000-0000-4000-8000-000000000002'] as const
export const APPS = ['a0000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000002'] as const
export const GROUPS = ['90000000-0000-4000-8000-000000000001', '90000000-0000-4000-8000-000000000002'] as const
export const ROLES = ['Reader', 'Writer.All'] as const
export const OIDC = ['ci', 'kube'] as const

export const SUBJECTS = [
  'repo:acme/billing:ref:refs/heads/main',
  'repo:acme/web:environment:prod',
  'system:serviceaccount:default:app',
] as const

export const SUBJECT_PATTERNS = [
  ...SUBJECTS,
  'repo:acme/*:ref:refs/heads/*',
  'repo:acme/billing:**',
  'repo:*/web:environment:pr*d',
  'system:serviceaccount:*:app',
  'system/serviceaccount/default/app',
] as const

export const RESOURCES = [
  'secret/main/stripe-api-key',
  'secret/main/Stripe-Hook',
  'secret/prod/orders',
  `secret/main/${OBJECTS[0]}-key`,
  'token/ledger',
  'token/reports',
  'policy',
] as const

const template = (name: string) => `\${principal.${name}}`

export const RESOURCE_PATTERNS = [
  'secret/main/stripe-*',
  'secret/MAIN/*-hook',
  'secret/*/orders',
  'secret/prod/**',
  `secret/main/${template('objectId')}-key`,
  `secret/main/${template('subject')}`,
  'token/**',
  'token/*e*',
  'policy',
  '**',
] as const

export const ACTIONS_USED = ['secret:get', 'secret:set', 'token:issue', 'policy:read'] as const

export const MIRID = '/subscriptions/S1/resourceGroups/Billing/providers/x'

/** Claim → what a token may hold, and what a policy may ask for. */
export const CLAIMS = {
  env: { values: ['prod', 'dev', '', 7, ['prod', 'eu/1'], []], wanted: ['prod', 'p*', 'eu/*', '**'] },
  level: { values: [1, 2, 'one', true], wanted: [1, 2] },
  ok: { values: [true, false, 'true'], wanted: [true, false] },
  xms_mirid: { values: [MIRID, MIRID.toUpperCase()], wanted: ['/subscriptions/s1/RESOURCEGROUPS/billing/**', '/x/*'] },
} as const

export const ADDRESSES = ['10.1.2.3', '192.168.0.9', '2001:db8::1', '::ffff:10.0.0.1', 'localhost', '127.1'] as const
export const RANGES = ['10.0.0.0/8', '10.1.0.0/16', '192.168.0.9', '2001:db8::/32', '0.0.0.0/0'] as const
export const PURPOSES = ['settlement', 'report'] as const
export const ZONES = ['Europe/Berlin', 'America/New_York', 'UTC'] as const
