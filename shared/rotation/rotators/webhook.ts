import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { CallOut, Incoming } from '../../callbacks/call-out.ts'
import { CallbackFault } from '../../callbacks/callback-fault.ts'
import { SIGNATURE_HEADER, type SignCallback } from '../../callbacks/sign-callback.ts'
import type { RotationDocument } from '../../policy/documents/rotation.ts'
import { Secret } from '../../secrets/secret.ts'
import { parseStrictJson } from '../../strict-json.ts'
import { RotationFault, type Rotator, type RotatorContext } from '../rotator.ts'

type WebhookRotation = RotationDocument & { rotator: 'webhook' }
type Context = RotatorContext<WebhookRotation>

export type WebhookDeps = {
  callOut: CallOut
  signCallback: SignCallback
  /** Ends early when the signal says so. */
  pause: (ms: number, signal: AbortSignal) => Promise<void>
}

type WebhookStep = 'set' | 'verify' | 'retire' | 'undo'

/** 256 bits; safe in headers and connection strings. */
const VALUE_BYTES = 32
const CALL_MS = 20_000
/** All calls of one step together: within the time that a step by request has. */
const STEP_MS = 50_000
const POLL_SECONDS = { default: 2, max: 20 }
/** What a value of Key Vault holds at most. */
const SetAnswer = z.object({ value: z.string().min(1).max(25_000) })
const SECRET_PART = /^[A-Za-z0-9._~%&=+/:,;@!$'()*-]{1,1500}$/

/**
 * An endpoint of somebody else does the work. Each call is a signed POST with `{ id, step, rotation, secret, run, value? }`; `id`
 * is the same for a repeat after a crash, which the endpoint answers like the first. 202 with `Location` is polled.
 */
export function createWebhookRotator(deps: WebhookDeps): Rotator<WebhookRotation> {
  const makesValue = ({ rotation }: Context) => rotation.settings.valueFrom === 'endpoint'
  return {
    async create(context) {
      if (!makesValue(context)) return new Secret(randomBytes(VALUE_BYTES).toString('base64url'))
      return readValue(await callStep(deps, context, { step: 'set' }))
    },
    async set(context, value) {
      if (!makesValue(context)) await callStep(deps, context, { step: 'set', value })
    },
    async verify(context, value) {
      await callStep(deps, context, { step: 'verify', value })
    },
    async retire(context) {
      await callStep(deps, context, { step: 'retire' })
    },
    async undo(context) {
      await callStep(deps, context, { step: 'undo' })
    },
  }
}

type Call = { step: WebhookStep; value?: Secret }

async function callStep(deps: WebhookDeps, context: Context, call: Call): Promise<Incoming> {
  const started = performance.now()
  const left = () => STEP_MS - (performance.now() - started)
  try {
    const url = await urlOf(context)
    const body = bodyOf(context, call)
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json',
      [SIGNATURE_HEADER]: await deps.signCallback(url, body),
    }
    await context.guard()
    let answer = await deps.callOut(url, { method: 'POST', headers, body, ...limits(context, left()) })
    let poll = url
    while (answer.status === 202) {
      poll = pollUrl(answer, poll)
      const wait = retryAfterMs(answer)
      if (wait >= left()) throw new RotationFault('webhook_not_done_in_time')
      await deps.pause(wait, context.signal)
      await context.guard()
      const asked = { method: 'GET' as const, headers: { accept: 'application/json' } }
      answer = await deps.callOut(poll, { ...asked, ...limits(context, left()) })
    }
    if (answer.status !== 200 && answer.status !== 201 && answer.status !== 204) throw refusal(answer.status)
    return answer
  } catch (error) {
    throw error instanceof CallbackFault ? faultOf(error) : error
  }
}

const limits = ({ signal }: Context, leftMs: number) => ({
  timeoutMs: Math.max(1, Math.min(CALL_MS, Math.floor(leftMs))),
  signal,
})

/** What the setting or a resolver must mend first is not tried again. */
function faultOf({ reason }: CallbackFault): RotationFault {
  const final = reason === 'callback_malformed' || reason === 'callback_not_allowed'
  return new RotationFault(reason.replace('callback_', 'webhook_'), { final })
}

function refusal(status: number): RotationFault {
  if (status === 410) return new RotationFault('webhook_gone', { final: true })
  return new RotationFault(`webhook_answered_${Math.floor(status / 100)}xx`)
}

function bodyOf({ rotation, run }: Context, { step, value }: Call): string {
  const about = { id: `${run.id}-${step}`, step, rotation: rotation.name, secret: rotation.secret, run: run.id }
  if (!value) return JSON.stringify(about)
  return value.within((text) => JSON.stringify({ ...about, value: text }))
}

/** The secret part of the URL is its query. */
async function urlOf({ rotation, credential }: Context): Promise<string> {
  if (rotation.credential === undefined) return rotation.settings.url
  return (await credential()).within((text) => {
    const query = text.trim().replace(/^\?/, '')
    if (!SECRET_PART.test(query)) throw new RotationFault('webhook_credential_malformed', { final: true })
    return `${rotation.settings.url}?${query}`
  })
}

/** INVARIANT: on the same origin: what is polled may answer with the value. */
function pollUrl(answer: Incoming, from: string): string {
  const location = answer.header('location') ?? ''
  if (location === '' || !URL.canParse(location, from)) throw new RotationFault('webhook_location_missing')
  const url = new URL(location, from)
  if (url.origin !== new URL(from).origin) throw new RotationFault('webhook_location_elsewhere')
  return url.href
}

/** In seconds; a date or nonsense is taken as nothing said. */
function retryAfterMs(answer: Incoming): number {
  const text = answer.header('retry-after') ?? ''
  const seconds = /^\d{1,4}$/.test(text) ? Number(text) : POLL_SECONDS.default
  return Math.max(1, Math.min(seconds, POLL_SECONDS.max)) * 1_000
}

function readValue({ body }: Incoming): Secret {
  try {
    return new Secret(SetAnswer.parse(parseStrictJson(body)).value)
  } catch {
    // What a parser says may quote the value.
    throw new RotationFault('webhook_answer_without_value')
  }
}
