import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { givenBy, grantCalls } from '../support/grant-calls.ts'
import { rig } from '../support/rig.ts'
import { secretGateway } from '../support/secret-gateway.ts'

const local = rig()
const clock = { ahead: 0 }
let on: Awaited<ReturnType<typeof secretGateway>>
const { open, renew, read } = grantCalls(() => on)

const RATE = 8
const STRIPE = { actions: ['secret:get'], resources: ['secret/main/stripe-*'], ttl: '10m' }

beforeAll(async () => {
  const settings = { SALLYPORT_PRINCIPAL_RATE: `${RATE}/day` }
  on = await secretGateway(local, [], { now: () => Date.now() + clock.ahead, settings })
}, 60_000)
afterAll(() => on.gateway.close())

describe('a renewal is guarded like every other request', () => {
  it('201: with a policy that was last read long ago, it is read again first', async () => {
    const first = givenBy(await open(STRIPE))
    clock.ahead += 120_000
    expect(await renew(first)).toMatchObject({ status: 201 })
  })

  it('429 rate_limited: beyond the rate of the principal', async () => {
    let given = givenBy(await open(STRIPE))
    for (let n = 0; n < RATE; n++) {
      const answer = await renew(given)
      if (answer.status !== 201) break
      given = givenBy(answer)
    }
    expect(await renew(given)).toMatchObject({ status: 429, json: { code: 'rate_limited' } })
    expect(await read('stripe-api-key', given.credential)).toMatchObject({ status: 429 })
  })
})
