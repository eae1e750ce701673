import { z } from 'zod'
import type { ProbeDocument } from '../policy/documents/probe.ts'
import type { FrontDoor } from './front-door.ts'
import type { ProbeTokens } from './probe-token.ts'

export type ProbeRun = {
  /** Revision whose probes were asked. */
  revision: number
  probes: number
  cases: number
  held: number
  /** Denied what must be allowed, allowed what must be denied, or not proved at all. */
  failed: number
  /** Answered by an instance that had another revision; the next run asks again. */
  skipped: number
}

type ProbeSet = { revision: number; probes(): Iterable<ProbeDocument> }

export type ProbeRunDeps = {
  policy: { fresh(): Promise<void>; current(): ProbeSet }
  sign: ProbeTokens
  door: FrontDoor
  report(event: string, detail: Record<string, unknown>): void
}

const Answer = z.object({
  revision: z.int(),
  cases: z.array(z.object({ effect: z.enum(['permit', 'deny']), reason: z.string(), holds: z.boolean() })),
})

/**
 * Proves again, through the front door, what every probe of the set says, and that the door is shut to nobody's credential and
 * to its own. Everything that does not hold, or that nobody could prove, is an alarm `probe.failed`. Throws `keys_unavailable`,
 * `no_policy`, `policy_unavailable`.
 */
export async function runProbes({ policy, sign, door, report }: ProbeRunDeps): Promise<ProbeRun> {
  await policy.fresh()
  const set = policy.current()
  const probes = [...set.probes()]
  const run: ProbeRun = { revision: set.revision, probes: probes.length, cases: 0, held: 0, failed: 0, skipped: 0 }
  const count = (outcome: 'held' | 'failed' | 'skipped', detail: Record<string, unknown>) => {
    run.cases++
    run[outcome]++
    if (outcome === 'failed') report('probe.failed', { revision: set.revision, ...detail })
  }
  for (const [name, status] of Object.entries(await shutDoor(sign, door))) {
    count(status === 401 ? 'held' : 'failed', { probe: `door-${name}`, must: 'deny', reason: reasonOf(status) })
  }
  // One after the other: a probe must not be what slows callers down.
  for (const { name, cases } of probes) {
    const answer = await door(`/v1/policy-probes/${name}`, await sign(name))
    const told = Answer.safeParse(answer?.json)
    const isTold = answer?.status === 200 && told.success
    if (isTold && told.data.revision !== set.revision) {
      for (const _case of cases) count('skipped', {})
      continue
    }
    for (const [at, { must, action, resource }] of cases.entries()) {
      const proof = isTold ? told.data.cases[at] : undefined
      const reason = proof?.reason ?? reasonOf(answer?.status)
      count(holds(must, proof) ? 'held' : 'failed', { probe: name, case: at, must, action, resource, reason })
    }
  }
  return run
}

/** What must be refused whatever the set says. */
async function shutDoor(sign: ProbeTokens, door: FrontDoor): Promise<Record<string, number | undefined>> {
  const nobody = await door('/v1/whoami', undefined)
  // A probe token is good for probes alone: anywhere else it is nobody's credential.
  const probe = await door('/v1/whoami', await sign('door'))
  return { 'no-credential': nobody?.status, 'probe-token': probe?.status }
}

/** An answer that contradicts itself is none. */
function holds(must: 'deny' | 'allow', proof: { effect: 'permit' | 'deny'; holds: boolean } | undefined): boolean {
  return proof?.holds === true && proof.effect === (must === 'deny' ? 'deny' : 'permit')
}

const reasonOf = (status: number | undefined) => (status === undefined ? 'no_answer' : `status_${status}`)
