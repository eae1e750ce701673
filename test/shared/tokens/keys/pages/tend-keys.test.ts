import { beforeAll, describe, expect, it } from 'vitest'
import { createPageStore } from '../../../../../shared/azure/storage/page-store.ts'
import { StorageError } from '../../../../../shared/azure/table.ts'
import { composeKeyTimer } from '../../../../../shared/gateway/keys.ts'
import type { PageStore } from '../../../../../shared/tokens/keys/pages/page-store.ts'
import { JWKS_PAGE } from '../../../../../shared/tokens/keys/pages/publish.ts'
import { KEY_LIFE } from '../../../../../shared/tokens/keys/rotation/plan-rotation.ts'
import { generateSigningSecret } from '../../../../../shared/tokens/keys/signing-key.ts'
import { staticCredential } from '../../../../support/sdk.ts'
import { keyStores, refusal } from '../ring-fixture.ts'

const MINUTE = 60_000
const PLACES = { issuer: 'https://issuer.example.com', frontDoor: 'https://gateway.example.com' }
const rsa = generateSigningSecret('RS256')
let stores: Awaited<ReturnType<typeof keyStores>>
let pages = 0

beforeAll(async () => {
  stores = await keyStores()
})

/** Keys made 29 days and an hour ago, and a page of their own. */
async function gateway() {
  const { rig } = stores
  const one = stores.store()
  const credential = staticCredential(await rig.operatorToken('https://storage.azure.com'))
  // As Azure names a static website's container, once; the account is one.
  const container = `https://${rig.account}.blob.core.windows.net/${++pages === 1 ? '$web' : `page${pages}`}`
  const { ContainerClient } = await import('@azure/storage-blob')
  // The client hands every option to its pipeline, though its type does not name this one.
  const options: object = { agent: rig.agent }
  const client = new ContainerClient(container, credential, options)
  await client.create()
  const start = Date.now()
  one.clock.now = start - (KEY_LIFE.activeMs - KEY_LIFE.preparedAheadMs) - 60 * MINUTE
  await one.vault.set('signing-rs256', { value: await rsa })
  await one.open().ready()
  one.clock.now = start
  const real = createPageStore({ credential, container, agent: rig.agent, now: Date.now })
  const journal = { record: async () => ({ wid: 'w', seq: 1, macPrefix: 'm' }), follow: () => {} }
  const tend = (store: PageStore = real) =>
    composeKeyTimer({
      azure: { pageStore: () => store, clockSkewMs: () => 0 },
      config: { ...PLACES, issuerPages: container },
      ready: one.open().ready,
      journal,
      keyStore: {
        ...{ keys: one.keys, leases: one.leases, vault: one.vault, now: () => one.clock.now },
        report: (event, detail) => void one.told.push({ event, detail }),
      },
    })()
  const kids = async () =>
    (JSON.parse((await real.read(JWKS_PAGE))?.text ?? '{"keys":[]}') as { keys: { kid: string }[] }).keys.map(
      ({ kid }) => kid,
    )
  const states = async () => (await one.rows()).flatMap(({ state }) => (state ? [String(state)] : [])).sort()
  return { ...one, real, tend, kids, states, client }
}

const down: PageStore = {
  read: async () => {
    throw new StorageError('unreachable')
  },
  write: async () => {
    throw new StorageError('unreachable')
  },
}

describe('keys on the issuer’s page (infra.md 5)', () => {
  it('publishes a prepared key, writes nothing twice, and lets it sign only after it stood there', async () => {
    const { tend, kids, states, clock, client, real } = await gateway()
    expect(await tend()).toMatchObject({ outcome: 'rotated', pages: 4 })
    expect(await kids()).toHaveLength(4)
    const metadata = (await real.read('.well-known/openid-configuration'))?.text ?? ''
    expect(JSON.parse(metadata)).toMatchObject({
      issuer: PLACES.issuer,
      jwks_uri: `${PLACES.issuer}/${JWKS_PAGE}`,
      token_endpoint: `${PLACES.frontDoor}/oauth2/token`,
    })
    expect((await real.read('.well-known/oauth-authorization-server'))?.text).toBe(metadata)
    expect(await tend()).toMatchObject({ outcome: 'nothing_due', pages: 0 })
    const { contentType, cacheControl } = await client.getBlobClient(JWKS_PAGE).getProperties()
    expect({ contentType, cacheControl }).toEqual({
      contentType: 'application/json',
      cacheControl: 'public, max-age=300',
    })
    clock.now += KEY_LIFE.preparedAheadMs
    expect(await tend()).toMatchObject({ outcome: 'rotated' })
    expect(await states()).toEqual(['active', 'active', 'retiring', 'retiring'])
  })

  it('the old key signs on while the page is down, and the new one only ten minutes after the page is back', async () => {
    const { tend, states, clock, told } = await gateway()
    expect(await refusal(tend(down))).toBe('keys_unavailable page_unreachable')
    expect(await states()).toEqual(['active', 'active', 'prepared', 'prepared'])
    clock.now = Date.now() + KEY_LIFE.activeMs
    expect(await refusal(tend(down))).toBe('keys_unavailable page_unreachable')
    expect(await states()).toEqual(['active', 'active', 'prepared', 'prepared'])
    expect(told.map(({ event }) => event)).toContain('keys.page_not_written')
    // Storage's clock is the real one: the page is written now.
    clock.now = Date.now() + KEY_LIFE.preparedMs - MINUTE
    await tend()
    clock.now = Date.now() + KEY_LIFE.preparedAheadMs
    expect(await states()).toEqual(['active', 'active', 'prepared', 'prepared'])
    await tend()
    expect(await states()).toEqual(['active', 'active', 'retiring', 'retiring'])
  })

  it('an instance that read before another wrote never puts older keys over newer ones', async () => {
    const { tend, kids, real } = await gateway()
    let other: Promise<unknown> | undefined
    const writes: string[] = []
    const slow: PageStore = {
      ...real,
      // Our rows are read, two keys; meanwhile the other prepares two more and publishes all four.
      async write(name, text, over) {
        if (name === JWKS_PAGE) {
          other ??= tend()
          await other
        }
        const ended = await real.write(name, text, over)
        if (name === JWKS_PAGE) writes.push(ended)
        return ended
      },
    }
    await tend(slow)
    expect(writes[0]).toBe('conflict')
    expect(await kids()).toHaveLength(4)
    await Promise.all([tend().catch(() => undefined), tend().catch(() => undefined)])
    expect(await kids()).toHaveLength(4)
  })
})
