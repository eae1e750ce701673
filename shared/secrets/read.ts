import type { Handout } from '../audit/entry.ts'
import { GatewayError } from '../errors.ts'
import type { Grant, Prepared } from '../gate.ts'
import type { Obligations } from '../policy/decision.ts'
import { type CachedSecret, type CurrentDeps, loadCurrent, loadVersion } from './current.ts'
import type { LoadingCache } from './loading-cache.ts'
import type { Markers } from './markers.ts'
import { type SecretRef, secretResource } from './secret-ref.ts'
import { enforceValidity, type Stage, stageOf } from './validity.ts'
import type { Vault, VaultSecret } from './vault.ts'

export type ReadDeps = CurrentDeps & {
  vaults: ReadonlyMap<string, Vault>
  cache: LoadingCache<CachedSecret>
  markers: Pick<Markers, 'fresh'>
  now(): number
  cacheSeconds: number
}

export type Reading = {
  secret: VaultSecret
  stage: Stage
  /** The vault throttles and the value is past its time. */
  stale: boolean
  /** When the copy that is handed out should be read again, ms: the policy's `maxTtl` or the cache's time, or the value's end. */
  handedOutUntil: number
}

/** `unchanged` is what a matching `If-None-Match` gets: a version, no value. */
export type Sealed = { kind: 'secret'; reading: Reading } | { kind: 'unchanged'; version: string }

export type Asked = { version?: string | undefined; isKnown?: ((version: string) => boolean) | undefined }

/**
 * The look-up of a read, to be `prepare` of `admit`: after the decision and before the intent, which names version and keyed
 * hash. The value in it is sealed: only spending the Grant on {@link handOut} opens it, so it is dropped when the intent
 * cannot be written (T27). A caller that knows the version already gets none, and the intent then names no hash.
 */
export function lookUp(deps: ReadDeps, ref: SecretRef, { version, isKnown }: Asked = {}) {
  return async ({ maxTtlSeconds }: Obligations): Promise<Prepared<Sealed>> => {
    const { cached, current, stale } = await resolve(deps, ref, version)
    const { secret } = cached
    enforceValidity(secret, deps.now())
    const handout: Handout = { vault: ref.vault, name: ref.name, version: secret.version }
    if (isKnown?.(secret.version)) return { handout, sealed: { kind: 'unchanged', version: secret.version } }
    const until = deps.now() + (maxTtlSeconds ?? deps.cacheSeconds) * 1_000
    const handedOutUntil = Math.min(until, secret.expires ?? Number.POSITIVE_INFINITY)
    const stage = stageOf(secret, current.secret, current.row)
    return {
      handout: { ...handout, valueHash: await cached.hash(), expiresAt: new Date(handedOutUntil).toISOString() },
      sealed: { kind: 'secret', reading: { secret, stage, stale, handedOutUntil } },
    }
  }
}

/** The version asked for, and the current one, which says what stage that is. */
async function resolve(deps: ReadDeps, ref: SecretRef, version: string | undefined) {
  const vault = deps.vaults.get(ref.vault)
  // An unknown vault is as unknown as its secrets: no other answer, no call.
  if (!vault) throw new GatewayError('secret_not_found', 'vault_alias_unknown')
  await deps.markers.fresh(ref.vault)
  const key = cacheKey(ref)
  const current = await deps.cache.read(key, () => loadCurrent(vault, ref, deps))
  if (version === undefined || version === current.value.secret.version) {
    return { cached: current.value, current: current.value, stale: current.stale }
  }
  const one = await deps.cache.read(`${key}${version}`, () => loadVersion(vault, { ...ref, version }, deps))
  return { cached: one.value, current: current.value, stale: one.stale || current.stale }
}

/** Ends in `/`, so that dropping one secret spares those whose names begin the same. */
export const cacheKey = ({ vault, name }: SecretRef): string => `${vault}/${name}/`

/** The current version's id, unrecorded: for waiting until it changes. */
export async function currentVersion(deps: ReadDeps, ref: SecretRef): Promise<string> {
  return (await resolve(deps, ref, undefined)).cached.secret.version
}

/** Spends the Grant and opens the value: the fields of a read's answer. */
export function handOut(grant: Grant<Sealed>, ref: SecretRef, reading: Reading) {
  const { secret, stage, handedOutUntil } = reading
  const { version, value, contentType, notBefore, expires, tags } = secret
  const iso = (time: number) => new Date(time).toISOString()
  return {
    ...ref,
    version,
    value: value.reveal(grant),
    ...(contentType !== undefined && { contentType }),
    stage,
    ...(notBefore !== undefined && { notBefore: iso(notBefore) }),
    ...(expires !== undefined && { expires: iso(expires) }),
    tags,
    handedOutUntil: iso(handedOutUntil),
  }
}

/** Takes the Grant for a read that turned out `unchanged`, so that it serves nothing else. */
export const spendUnchanged = (grant: Grant<Sealed>, ref: SecretRef): void =>
  grant.spend('secret:get', secretResource(ref))
