import { hash } from 'node:crypto'
import { z } from 'zod'
import type { RotationDocument } from '../../policy/documents/rotation.ts'
import { Secret } from '../../secrets/secret.ts'
import type { JsonService } from '../json-service.ts'
import { RotationFault, type Rotator, type RotatorContext } from '../rotator.ts'
import { asFault } from '../upstream-fault.ts'

type StorageKeyRotation = RotationDocument & { rotator: 'storage-key' }
type Context = RotatorContext<StorageKeyRotation>

export type StorageKeyDeps = {
  /** Azure Resource Manager under the gateway's own identity (role Storage Account Key Operator). */
  arm: JsonService
  /** `core.windows.net` in the public cloud; for connection strings. */
  endpointSuffix: string
  /** One authenticated request to the account with this key, never cached. Throws UpstreamFailure. */
  tryKey: (account: { name: string; key: Secret; signal: AbortSignal }) => Promise<void>
}

const API = 'api-version=2024-01-01'
const Keys = z.object({ keys: z.array(z.object({ keyName: z.string(), value: z.string().min(40) })) })
type KeyName = 'key1' | 'key2'
const OTHER: Record<KeyName, KeyName> = { key1: 'key2', key2: 'key1' }

/**
 * The two keys of a storage account, in turn (learn.microsoft.com/rest/api/storagerp/storage-accounts/regenerate-key): the one
 * that the current version does not hold is made anew and published; the one it replaces is made anew at retirement, which ends it.
 * A regeneration that had happened before a crash is found by the value: it is never done twice for one run.
 */
export function createStorageKeyRotator({ arm, endpointSuffix, tryKey }: StorageKeyDeps): Rotator<StorageKeyRotation> {
  const call = (context: Context, action: string, body?: unknown) =>
    asFault('arm', async () => {
      const { signal, rotation } = context
      const path = `${rotation.settings.account}/${action}?${API}`
      const parsed = Keys.safeParse(await arm('POST', path, { ...(body !== undefined && { body }), signal }))
      if (!parsed.success) throw new RotationFault('arm_garbled')
      const keyOf = (name: KeyName) => parsed.data.keys.find(({ keyName }) => keyName === name)?.value
      const [key1, key2] = [keyOf('key1'), keyOf('key2')]
      if (key1 === undefined || key2 === undefined) throw new RotationFault('arm_garbled')
      return { key1: new Secret(key1), key2: new Secret(key2) }
    })

  const regenerate = async (context: Context, keyName: KeyName) => {
    await context.guard()
    return call(context, 'regenerateKey', { keyName })
  }

  const isIn = (value: Secret | undefined, key: Secret) =>
    value?.within((text) => key.within((inner) => text.includes(inner))) === true

  const publishedForm = ({ rotation }: Context, key: Secret) =>
    rotation.settings.form === 'key'
      ? key
      : new Secret(
          key.within(
            (text) =>
              `DefaultEndpointsProtocol=https;AccountName=${accountName(rotation)};AccountKey=${text};EndpointSuffix=${endpointSuffix}`,
          ),
        )

  return {
    async create(context) {
      const current = await context.current()
      const keys = await call(context, 'listKeys')
      const inUse = (['key1', 'key2'] as const).find((name) => isIn(current, keys[name]))
      // A current value that is neither key is worn out already; key1 is the one that people copy.
      const next =
        context.run.memory['key'] === 'key1' || context.run.memory['key'] === 'key2'
          ? context.run.memory['key']
          : OTHER[inUse ?? 'key1']
      // INVARIANT: never the key that the current version holds, whatever was remembered: its readers would break.
      if (next === inUse) throw new RotationFault('key_in_use', { final: true })
      const before = fingerprint(keys[next])
      if (context.run.memory['before'] !== undefined && context.run.memory['before'] !== before) {
        return publishedForm(context, keys[next])
      }
      await context.remember({ key: next, before, ...(inUse && { replaced: fingerprint(keys[inUse]) }) })
      return publishedForm(context, (await regenerate(context, next))[next])
    },
    set: async () => {},
    async verify({ rotation, signal }, value) {
      const key = value.within((text) => new Secret(/AccountKey=([^;]+)/.exec(text)?.[1] ?? text))
      await asFault('storage', () => tryKey({ name: accountName(rotation), key, signal }))
    },
    async retire(context) {
      const keys = await call(context, 'listKeys')
      const current = await context.current()
      // By what was seen, not by the old version, which somebody may have switched off. No such key: somebody, or this run
      // before a crash, has made it anew already.
      const { replaced } = context.run.memory
      const old = (['key1', 'key2'] as const).find((name) => fingerprint(keys[name]) === replaced)
      // INVARIANT: never a key that the current version holds.
      if (old && !isIn(current, keys[old])) await regenerate(context, old)
    },
    async undo() {
      // The unused key was made anew and nobody has it: there is nothing to take back.
    },
  }
}

/** Tells whether a key is still the one that was seen: 512 random bits cannot be guessed from it. */
const fingerprint = (key: Secret) => key.within((text) => hash('sha256', text, 'base64url'))

const accountName = ({ settings }: StorageKeyRotation) => settings.account.split('/').at(-1) ?? ''
