import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '..')

/** Which parts a part may import; the ports, with the error and the patterns that belong to them, are everybody's. */
const ARROWS: Record<string, readonly string[]> = {
  functions: [
    'shared/http',
    'shared/gateway',
    'shared/config',
    'shared/errors',
    'shared/gate',
    'shared/secrets',
    'shared/tokens',
    'shared/policy',
    'shared/policy-changes',
    'shared/audit',
    'shared/identity',
    'shared/grants',
    'shared/handles',
    'shared/rotation',
    'shared/probes',
    'shared/review',
    'shared/events',
  ],
  'shared/http': [
    'shared/gateway',
    'shared/errors',
    'shared/strict-json',
    'shared/identity',
    'shared/policy',
    'shared/gate',
  ],
  'shared/gate': ['shared/identity', 'shared/policy', 'shared/audit', 'shared/errors'],
  'shared/identity': ['shared/errors', 'shared/growing-cache', 'shared/azure/clouds', 'shared/strict-json'],
  'shared/policy': ['shared/identity', 'shared/errors', 'shared/growing-cache', 'shared/strict-json'],
  'shared/policy-changes': ['shared/gate', 'shared/recorded', 'shared/errors', 'shared/policy', 'shared/identity'],
  'shared/audit': ['shared/identity', 'shared/policy', 'shared/errors', 'shared/secrets/secret'],
  'shared/grants': [
    'shared/secrets/secret',
    'shared/gate',
    'shared/recorded',
    'shared/audit',
    'shared/errors',
    'shared/jitter',
    'shared/policy',
    'shared/identity',
    'shared/tokens/keys',
    'shared/tokens/lifetime',
    'shared/azure/once',
  ],
  'shared/rotation': [
    'shared/gate',
    'shared/recorded',
    'shared/audit',
    'shared/errors',
    'shared/policy',
    'shared/identity',
    'shared/secrets',
    'shared/tokens/stored-credential',
    'shared/tokens/broker/upstream-failure',
    'shared/strict-json',
    'shared/callbacks',
  ],
  'shared/callbacks': ['shared/tokens/keys'],
  'shared/events': [
    'shared/gate',
    'shared/recorded',
    'shared/audit',
    'shared/errors',
    'shared/policy',
    'shared/identity',
    'shared/secrets',
    'shared/callbacks',
    'shared/grants',
    'shared/handles',
    'shared/rotation',
  ],
  'shared/probes': ['shared/errors', 'shared/policy', 'shared/tokens'],
  'shared/sweep': ['shared/audit', 'shared/policy/storage'],
  'shared/review': [
    'shared/audit',
    'shared/azure/storage-names',
    'shared/errors',
    'shared/http/endpoint',
    'shared/identity',
    'shared/policy',
    'shared/rotation',
    'shared/tokens/broker/upstream-failure',
  ],
  'shared/growing-cache': [],
  'shared/jitter': [],
  'shared/lease': [],
  'shared/recorded': ['shared/gate', 'shared/audit'],
  'shared/storage-unavailable': ['shared/errors'],
  'shared/warm-up': ['shared/audit'],
  'shared/handles': [
    'shared/gate',
    'shared/audit',
    'shared/errors',
    'shared/policy',
    'shared/identity',
    'shared/secrets',
    'shared/http/endpoint',
  ],
  'shared/secrets': [
    'shared/gate',
    'shared/recorded',
    'shared/audit',
    'shared/errors',
    'shared/growing-cache',
    'shared/jitter',
    'shared/policy',
  ],
  'shared/tokens': [
    'shared/gate',
    'shared/recorded',
    'shared/audit',
    'shared/errors',
    'shared/growing-cache',
    'shared/policy',
    'shared/identity',
    'shared/secrets/secret',
  ],
  'shared/azure': [
    'shared/config',
    'shared/rotation/json-service',
    'shared/rotation/event-queue',
    'shared/rotation/rotators',
    'shared/errors',
    'shared/secrets',
    'shared/tokens',
    'shared/audit',
    'shared/policy',
  ],
  'shared/config': [
    'shared/azure/clouds',
    'shared/azure/identity-source',
    'shared/azure/own-accounts',
    'shared/policy/documents/rate',
    'shared/callbacks/allowed-hosts',
  ],
  'shared/errors': [],
  'shared/strict-json': [],
  'shared/log': [],
}
const PORTS = [
  'shared/bounded-body',
  'shared/time-keys',
  'shared/storage-unavailable',
  'shared/azure/table',
  'shared/secrets/vault',
  'shared/lease',
]
const TYPES_FOR_ALL = ['shared/gateway', 'shared/config']

const IMPORT = /^(?:import|export) (type )?[^'"]*?from '([^']+)'|(?:^|[^.\w])import\('([^']+)'\)/gms

type Import = { from: string; to: string; typeOnly: boolean }

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => join(folder, path))
}

function importsOf(file: string): Import[] {
  return [...readFileSync(join(root, file), 'utf8').matchAll(IMPORT)].map(([, type, plain, lazy]) => {
    const target = plain ?? lazy ?? ''
    const to = target.startsWith('.')
      ? relative(root, resolve(root, dirname(file), target)).replace(/\.ts$/, '')
      : target
    return { from: file, to, typeOnly: Boolean(type) }
  })
}

const partOf = (path: string) => {
  const [top = '', second = ''] = path.split('/')
  return top === 'shared' ? `shared/${second.replace(/\.ts$/, '')}` : top
}

const within = (path: string, allowed: string) => path === allowed || path.startsWith(`${allowed}/`)

const all = ['functions', 'shared'].flatMap(sources).flatMap(importsOf)

describe('architecture', () => {
  it('finds the imports it is about', () => {
    expect(all.length).toBeGreaterThan(100)
  })

  it('keeps the direction of imports (docs/adr/0001)', () => {
    const wrong = all.filter(({ from, to, typeOnly }) => {
      const part = partOf(from)
      if (!to.startsWith('shared/') && !to.startsWith('functions/')) return false
      if (part === 'shared/gateway' || part === 'shared/health' || within(to, part)) return false
      if (PORTS.includes(to) || (typeOnly && TYPES_FOR_ALL.includes(to))) return false
      return !ARROWS[part]?.some((allowed) => within(to, allowed))
    })
    expect(wrong).toEqual([])
  })

  it('lets only functions/index.ts and to-host.ts talk to the Functions runtime, and only shared/azure to Azure SDKs', () => {
    const outside = all.filter(({ from, to }) => {
      if (to === '@azure/functions') return !['functions/index.ts', 'functions/to-host.ts'].includes(from)
      return to.startsWith('@azure/') && partOf(from) !== 'shared/azure'
    })
    expect(outside).toEqual([])
  })

  it('reads the environment in config.ts and functions/index.ts alone', () => {
    const readers = ['functions', 'shared']
      .flatMap(sources)
      .filter((file) => /process\.env\b/.test(readFileSync(join(root, file), 'utf8')))
    expect(readers).toEqual(['functions/index.ts'])
  })

  it('says addresses of its own by the front door: the issuer may be a page that answers nothing (publicIssuer `static`)', () => {
    const wrong = sources('functions').filter((file) =>
      /\$\{[\w.]*issuer\}|origin: [\w.]*issuer/.test(readFileSync(join(root, file), 'utf8')),
    )
    expect(wrong).toEqual([])
  })

  it('uses a Secret’s value in known places only (T18)', () => {
    const users = ['functions', 'shared']
      .flatMap(sources)
      .filter((file) => /\.within\(/.test(readFileSync(join(root, file), 'utf8')))
    expect(users.sort()).toEqual([
      'shared/audit/ratchet.ts',
      'shared/audit/value-hash.ts',
      'shared/azure/entra.ts',
      'shared/azure/key-vault.ts',
      'shared/azure/open-identity.ts',
      'shared/azure/secret-login.ts',
      'shared/azure/storage/blob-sas.ts',
      'shared/azure/storage/queue-sas.ts',
      'shared/azure/storage/table-sas.ts',
      'shared/azure/storage/try-key.ts',
      'shared/events/deliver.ts',
      'shared/grants/seal.ts',
      'shared/rotation/rotators/database/database.ts',
      'shared/rotation/rotators/database/login.ts',
      'shared/rotation/rotators/storage-key.ts',
      'shared/rotation/rotators/webhook.ts',
      'shared/tokens/google/id-token.ts',
      'shared/tokens/keys/signing-key.ts',
      'shared/tokens/keys/symmetric-key.ts',
      'shared/tokens/stored-credential.ts',
    ])
  })

  it('keeps every file small: none over 300 lines, triggers at most 60, median at most 80', () => {
    const lines = ['functions', 'shared', 'local', 'cli', 'bench', 'test'].flatMap(sources).map((file) => {
      return { file, lines: readFileSync(join(root, file), 'utf8').split('\n').length - 1 }
    })
    // The two lists grow by a line for each trigger; functions/openapi/ describes them and is no part of the app.
    const isTrigger = (file: string) => /^functions\/(?!endpoints\.ts|schedules\.ts|openapi\/)/.test(file)
    const tooLong = lines.filter(({ file, lines }) => lines > (isTrigger(file) ? 60 : 300))
    expect(tooLong).toEqual([])
    const product = lines
      .filter(({ file }) => /^(functions|shared)\//.test(file))
      .map(({ lines }) => lines)
      .sort((a, b) => a - b)
    expect(product[Math.floor(product.length / 2)]).toBeLessThanOrEqual(80)
  })
})
