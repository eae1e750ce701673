import { z } from 'zod'

/** The part of the Workflow Definition Language that samples use and the runner runs; anything else is refused, not ignored. */

const SCHEMA =
  'https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#'

const StepName = z.string().regex(/^[\w()-]{1,80}$/, 'a name has 1 to 80 letters, digits, `_`, `-` or parentheses')

/** How a step can end, and after which endings another may begin. */
export const STATUSES = ['Succeeded', 'Failed', 'TimedOut', 'Skipped'] as const
export type Status = (typeof STATUSES)[number]

const Duration = z
  .string()
  .regex(/^P(?!$)(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+S)?)?$/, 'an ISO 8601 duration, `PT10S`')
const Description = z.string().max(1_000).optional()

const RetryPolicy = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('none') }),
  z.strictObject({ type: z.literal('fixed'), count: z.int().min(1).max(90), interval: Duration }),
  z.strictObject({
    type: z.literal('exponential'),
    count: z.int().min(1).max(90),
    interval: Duration,
    minimumInterval: Duration.optional(),
    maximumInterval: Duration.optional(),
  }),
])
export type RetryPolicy = z.infer<typeof RetryPolicy>

const Authentication = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('ManagedServiceIdentity'),
    audience: z.string(),
    identity: z.string().optional(),
  }),
  z.strictObject({ type: z.literal('Raw'), value: z.string() }),
])

const Request = z.strictObject({
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
  uri: z.string(),
  headers: z.record(z.string(), z.string()).optional(),
  queries: z.record(z.string(), z.string()).optional(),
  body: z.unknown().optional(),
  authentication: Authentication.optional(),
  retryPolicy: RetryPolicy.optional(),
})
export type Request = z.infer<typeof Request>

const RuntimeConfiguration = z
  .strictObject({
    secureData: z.strictObject({ properties: z.array(z.enum(['inputs', 'outputs'])).min(1) }).optional(),
  })
  .optional()

const trigger = <T extends string, S extends z.ZodRawShape>(type: T, shape: S) =>
  z.strictObject({
    type: z.literal(type),
    description: Description,
    conditions: z.array(z.strictObject({ expression: z.string() })).optional(),
    runtimeConfiguration: RuntimeConfiguration,
    ...shape,
  })

const Trigger = z.discriminatedUnion('type', [
  trigger('Recurrence', {
    recurrence: z.strictObject({
      frequency: z.enum(['Second', 'Minute', 'Hour', 'Day', 'Week', 'Month']),
      interval: z.int().min(1),
    }),
  }),
  trigger('Request', { kind: z.literal('Http'), inputs: z.strictObject({ schema: z.unknown().optional() }) }),
  trigger('HttpWebhook', { inputs: z.strictObject({ subscribe: Request, unsubscribe: Request }) }),
  trigger('ApiConnectionWebhook', {
    splitOn: z.string().optional(),
    inputs: z.strictObject({
      host: z.strictObject({ connection: z.strictObject({ name: z.string() }) }),
      path: z.string(),
      body: z.unknown().optional(),
      queries: z.record(z.string(), z.string()).optional(),
    }),
  }),
])
export type Trigger = z.infer<typeof Trigger>

const common = {
  description: Description,
  runAfter: z.record(z.string(), z.array(z.enum(STATUSES)).min(1)).default({}),
  runtimeConfiguration: RuntimeConfiguration,
}
const Variable = z.strictObject({
  name: z.string(),
  type: z.enum(['string', 'integer', 'float', 'boolean', 'array', 'object']),
  value: z.unknown().optional(),
})

/** `{"equals": [a, b]}`, nested by `and`, `or`, `not`. */
export type Condition = { [operator: string]: unknown }
const OPERATORS = /^(?:equals|greater|greaterOrEquals|less|lessOrEquals|contains|startsWith|endsWith)$/
const Condition: z.ZodType<Condition> = z.lazy(() =>
  z.union([
    z.strictObject({ and: z.array(Condition).min(1) }),
    z.strictObject({ or: z.array(Condition).min(1) }),
    z.strictObject({ not: Condition }),
    z
      .record(z.string().regex(OPERATORS, 'an operator'), z.tuple([z.unknown(), z.unknown()]))
      .refine((one) => Object.keys(one).length === 1, 'one operator'),
  ]),
)

type Step<T extends string> = {
  type: T
  description?: string | undefined
  runAfter: Record<string, Status[]>
  runtimeConfiguration?: z.infer<typeof RuntimeConfiguration>
}
export type Action =
  | (Step<'Http'> & { inputs: Request; operationOptions?: 'DisableAsyncPattern'; limit?: { timeout: string } })
  | (Step<'Compose'> & { inputs: unknown })
  | (Step<'ParseJson'> & { inputs: { content: unknown; schema: unknown } })
  | (Step<'InitializeVariable'> & { inputs: { variables: z.infer<typeof Variable>[] } })
  | (Step<'SetVariable'> & { inputs: { name: string; value: unknown } })
  | (Step<'Wait'> & { inputs: { interval: { count: number; unit: 'Second' | 'Minute' | 'Hour' | 'Day' } } })
  | (Step<'Terminate'> & {
      inputs: {
        runStatus: 'Succeeded' | 'Failed' | 'Cancelled'
        runError?: { code?: string | undefined; message?: string | undefined } | undefined
      }
    })
  | (Step<'Scope'> & { actions: Actions })
  | (Step<'If'> & { expression: Condition | string; actions: Actions; else?: { actions: Actions } | undefined })
  | (Step<'Until'> & { expression: string; limit: { count: number; timeout: string }; actions: Actions })
export type Actions = Record<string, Action>

const action = <T extends string, S extends z.ZodRawShape>(type: T, shape: S) =>
  z.strictObject({ type: z.literal(type), ...common, ...shape })

const Actions: z.ZodType<Actions> = z.lazy(() => z.record(StepName, Action)) as z.ZodType<Actions>

const Action = z.discriminatedUnion('type', [
  action('Http', {
    inputs: Request,
    operationOptions: z.literal('DisableAsyncPattern').optional(),
    limit: z.strictObject({ timeout: Duration }).optional(),
  }),
  action('Compose', { inputs: z.unknown() }),
  action('ParseJson', { inputs: z.strictObject({ content: z.unknown(), schema: z.unknown() }) }),
  action('InitializeVariable', { inputs: z.strictObject({ variables: z.array(Variable).length(1) }) }),
  action('SetVariable', { inputs: z.strictObject({ name: z.string(), value: z.unknown() }) }),
  action('Wait', {
    inputs: z.strictObject({
      interval: z.strictObject({ count: z.int().min(1), unit: z.enum(['Second', 'Minute', 'Hour', 'Day']) }),
    }),
  }),
  action('Terminate', {
    inputs: z.strictObject({
      runStatus: z.enum(['Succeeded', 'Failed', 'Cancelled']),
      runError: z.strictObject({ code: z.string().optional(), message: z.string().optional() }).optional(),
    }),
  }),
  action('Scope', { actions: Actions }),
  action('If', {
    expression: z.union([z.string(), Condition]),
    actions: Actions,
    else: z.strictObject({ actions: Actions }).optional(),
  }),
  action('Until', {
    expression: z.string(),
    limit: z.strictObject({ count: z.int().min(1).max(5_000), timeout: Duration }),
    actions: Actions,
  }),
])

const TYPES = /^(?:string|int|float|bool|array|object|securestring|secureobject)$/i
const Parameter = z.strictObject({
  type: z.string().regex(TYPES, 'a type of parameter'),
  defaultValue: z.unknown().optional(),
  metadata: z.strictObject({ description: z.string() }).optional(),
})
export type Parameter = z.infer<typeof Parameter>

export const Workflow = z.strictObject({
  $schema: z.literal(SCHEMA),
  contentVersion: z.string().regex(/^\d+(?:\.\d+){3}$/, 'four numbers, `1.0.0.0`'),
  parameters: z.record(z.string(), Parameter).default({}),
  triggers: z.record(StepName, Trigger).refine((all) => Object.keys(all).length === 1, 'one trigger'),
  actions: Actions.refine((all) => Object.keys(all).length > 0, 'one action at least'),
  outputs: z.strictObject({}).default({}),
})
export type Workflow = z.infer<typeof Workflow>

/** Milliseconds of a {@link Duration}. */
export function milliseconds(duration: string): number {
  const [, days = 0, hours = 0, minutes = 0, seconds = 0] =
    /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(duration) ?? []
  return (((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000
}
