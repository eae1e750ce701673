import { z } from 'zod'
import { Time } from './conditions.ts'
import { period, readPeriod } from './period.ts'
import { distinct, Instant, Name, text } from './primitives.ts'
import { cronFault } from './rotation-cron.ts'
import { DatabaseSettings } from './rotators/database.ts'
import { EntraAppSettings } from './rotators/entra-app.ts'
import { GenerateSettings } from './rotators/generate.ts'
import { ManualSettings } from './rotators/manual.ts'
import { StorageKeySettings } from './rotators/storage-key.ts'
import { WebhookSettings } from './rotators/webhook.ts'

const DAY = 86_400
const YEAR = 366 * DAY

const Blackout = z
  .strictObject({ from: Instant, until: Instant })
  .refine(({ from, until }) => Date.parse(from) < Date.parse(until), 'must end after it begins')

const Verify = z.strictObject({
  /** Successes in a row, each with a fresh login, spread over at least that time. */
  successes: z.int().min(1).max(100).default(3),
  over: period(1, DAY).default('1m'),
})

const Retire = z.strictObject({
  /** A caller that read the secret within this time counts as one that must pick the new version up. */
  lookBack: period(1, YEAR).default('7d'),
  /** After this time the replaced credential goes, whoever has not picked up. */
  deadline: period(1, YEAR).default('14d'),
})

const OnFailure = z.strictObject({
  /** Failures in a row of one step; then the run is stuck. */
  attempts: z.int().min(1).max(20).default(3),
  backoff: period(1, DAY).default('5m'),
  cap: period(1, 7 * DAY).default('1h'),
})

/** What every rotation says, whatever its rotator. */
const Common = {
  kind: z.literal('rotation'),
  name: Name,
  /** The secret whose value it replaces; the gateway's own vault has no alias, so it cannot be named. */
  secret: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,30}\/[0-9a-z-]{1,127}$/, 'must be <vault alias>/<secret name> in lower case'),
  /** `manual`: starts and goes on only by request; `paused`: not even that. */
  mode: z.enum(['auto', 'manual', 'paused']).default('auto'),
  every: period(60, 10 * YEAR).optional(),
  cron: z.string().max(64).superRefine(cronFault).optional(),
  /** When a run may begin; without it, at any time. Its zone is that of `cron` too. */
  window: Time.optional(),
  blackout: distinct(Blackout, 50, 0).default([]),
  /** A run begins up to this much later, so that not all begin at once; the same delay for the same run. */
  jitter: period(1, 7 * DAY).optional(),
  /** The replaced credential goes on working at least this long. */
  overlap: period(1, YEAR).optional(),
  verify: Verify.prefault({}),
  retire: Retire.prefault({}),
  /** Rotations that must never run together, nor within the spacing, such as the two halves of a pair. */
  family: z.strictObject({ name: Name, spacing: period(1, YEAR) }).optional(),
  onFailure: OnFailure.prefault({}),
  owner: text(128),
  /** Whom the events of this rotation name, for those who receive them. */
  notify: distinct(text(128), 20, 0).default([]),
}

/** Secret `ext-<credential>` of the gateway vault, put there by an operator. */
const credential = Name

const across = { when: () => true }

/** Keeps one secret fresh: by which rotator, when, how carefully. Another rotator is one more entry. */
export const RotationDocument = z.discriminatedUnion('rotator', [
  z
    .strictObject({ ...Common, rotator: z.literal('generate'), settings: GenerateSettings.prefault({}) })
    .superRefine(acrossFields, across),
  z
    .strictObject({ ...Common, rotator: z.literal('entra-app'), settings: EntraAppSettings })
    .superRefine(acrossFields, across)
    .superRefine(lifetimeOfSecret, across),
  z
    .strictObject({ ...Common, rotator: z.literal('storage-key'), settings: StorageKeySettings })
    .superRefine(acrossFields, across),
  z
    .strictObject({
      ...Common,
      rotator: z.literal('database'),
      settings: DatabaseSettings,
      credential: credential.optional(),
    })
    .superRefine(acrossFields, across)
    .superRefine(administrator, across),
  z
    .strictObject({
      ...Common,
      rotator: z.literal('webhook'),
      settings: WebhookSettings,
      credential: credential.optional(),
    })
    .superRefine(acrossFields, across),
  z
    .strictObject({ ...Common, rotator: z.literal('manual'), settings: ManualSettings.prefault({}) })
    .superRefine(acrossFields, across)
    .superRefine(reminders, across),
])

export type RotationDocument = z.infer<typeof RotationDocument>

type Fields = { family?: unknown; every?: unknown; cron?: unknown; mode?: unknown; overlap?: unknown; retire?: unknown }

function acrossFields(rotation: Fields | undefined, context: z.RefinementCtx): void {
  const fault = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message })
  if (rotation?.every !== undefined && rotation.cron !== undefined) fault(['cron'], 'does not go together with every')
  if (rotation?.every === undefined && rotation?.cron === undefined && rotation?.mode === 'auto') {
    fault(['every'], 'is missing: without it or cron, say "mode": "manual"')
  }
  const deadline = readPeriod(String((rotation?.retire as { deadline?: unknown } | undefined)?.deadline))
  const overlap = readPeriod(String(rotation?.overlap))
  if (deadline !== undefined && overlap !== undefined && overlap > deadline) {
    fault(['overlap'], 'must not be longer than retire.deadline')
  }
  const every = readPeriod(String(rotation?.every))
  const spacing = readPeriod(String((rotation?.family as { spacing?: unknown } | undefined)?.spacing))
  // Else the one that is due again first would keep the others out for ever.
  if (every !== undefined && spacing !== undefined && spacing >= every) {
    fault(['family', 'spacing'], 'must be shorter than every')
  }
}

type Spans = { every?: unknown; settings?: unknown; retire?: unknown }

const seconds = (value: unknown) => readPeriod(String(value))

/** Else every run would begin at once again. */
function reminders(rotation: Spans | undefined, context: z.RefinementCtx): void {
  const every = seconds(rotation?.every)
  const before = seconds((rotation?.settings as { remindBefore?: unknown } | undefined)?.remindBefore)
  if (every !== undefined && before !== undefined && before >= every) {
    const message = 'must be shorter than every'
    context.addIssue({ code: 'custom', path: ['settings', 'remindBefore'], message })
  }
}

/** Else Entra would end the secret before the next one is published and picked up. */
function lifetimeOfSecret(rotation: Spans | undefined, context: z.RefinementCtx): void {
  const lifetime = seconds((rotation?.settings as { lifetime?: unknown } | undefined)?.lifetime)
  const every = seconds(rotation?.every)
  const deadline = seconds((rotation?.retire as { deadline?: unknown } | undefined)?.deadline)
  if (lifetime === undefined || every === undefined || deadline === undefined || lifetime >= every + deadline) return
  const message = 'must not be shorter than every and retire.deadline together'
  context.addIssue({ code: 'custom', path: ['settings', 'lifetime'], message })
}

/** Servers that Azure runs: a login there is seen by nobody else. */
const AZURE_DATABASE = /^(?:[a-z0-9-]+\.)+postgres\.database\.(?:azure\.com|chinacloudapi\.cn|usgovcloudapi\.net)$/

type Administered = { credential?: unknown; settings?: unknown }

function administrator(rotation: Administered | undefined, context: z.RefinementCtx): void {
  const { admin, adminRole, host } = (rotation?.settings ?? {}) as Record<string, unknown>
  const fault = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message })
  if (admin === 'credential' && rotation?.credential === undefined) {
    fault(['credential'], 'is missing: secret ext-<credential> of the gateway vault holds the administrator’s login')
  }
  if (admin === 'entra' && adminRole === undefined) fault(['settings', 'adminRole'], 'is missing')
  if (admin === 'entra' && rotation?.credential !== undefined)
    fault(['credential'], 'does not go together with "admin": "entra"')
  // Whoever answers under another name would be handed a token of the gateway, good at every database that lets it in.
  if (admin === 'entra' && !AZURE_DATABASE.test(String(host)))
    fault(
      ['settings', 'host'],
      'must be <server>.postgres.database.azure.com (or of another cloud) with "admin": "entra"',
    )
}
