/** READ or MUTATE: a READ-only context can never reach a MUTATE action. */
export type Mask = 'READ' | 'MUTATE'

type ActionSpec = {
  mask: Mask
  /** Form of the resource the action is asked on. */
  resource:
    | 'secret/<vault>/<name>'
    | 'token/<target>'
    | 'policy'
    | 'audit'
    | 'rotation/<name>'
    | 'grant/<id>'
    | 'subscription'
    | 'any'
  what: string
}

const read = (resource: ActionSpec['resource'], what: string): ActionSpec => ({ mask: 'READ', resource, what })
const mutate = (resource: ActionSpec['resource'], what: string): ActionSpec => ({ mask: 'MUTATE', resource, what })

const SECRET = 'secret/<vault>/<name>'
const TARGET = 'token/<target>'
const ROTATION = 'rotation/<name>'
const GRANT = 'grant/<id>'

/** The one table of actions; policy schema, OpenAPI and docs are generated from it. No action implies another. */
export const ACTIONS = {
  'secret:get': read(SECRET, 'read a value'),
  'secret:list': read(SECRET, 'see the name in lists'),
  'secret:metadata': read(SECRET, 'see versions, dates and tags, never values'),
  'token:issue': read(TARGET, 'get a token of a target with access: read'),
  'token:introspect': read(TARGET, 'introspect tokens of the target'),
  'policy:read': read('policy', 'read policy documents and plan changes'),
  'policy:explain': read('policy', 'see the full trace of a decision'),
  'audit:read': read('audit', 'query the journal and reports'),
  'rotation:read': read(ROTATION, 'see rotations, runs and impact'),
  'grant:read': read(GRANT, "see other principals' grants"),
  'token:issueWrite': mutate(TARGET, 'get a token of a target with access: write'),
  'token:revoke': mutate(TARGET, 'revoke tokens of the target'),
  'secret:set': mutate(SECRET, 'write a new version'),
  'secret:disable': mutate(SECRET, 'disable a version'),
  'secret:restore': mutate(SECRET, 'enable a version again'),
  'handle:create': mutate(SECRET, 'make a one-time handle (needs secret:get too)'),
  'rotation:run': mutate(ROTATION, 'start a run'),
  'rotation:step': mutate(ROTATION, 'drive a step of a run'),
  'rotation:abort': mutate(ROTATION, 'abort a run'),
  'grant:create': mutate('any', 'open a grant on the resources asked for'),
  'grant:delegate': mutate('any', 'delegate a grant on its resources'),
  'grant:approve': mutate(GRANT, 'approve a pending grant'),
  'grant:revoke': mutate(GRANT, "revoke other principals' grants"),
  'policy:write': mutate('policy', 'write policy documents'),
  'policy:approve': mutate('policy', "approve another principal's policy change"),
  'subscription:write': mutate('subscription', 'subscribe to events'),
} as const satisfies Record<string, ActionSpec>

export type Action = keyof typeof ACTIONS

export const ACTION_NAMES = Object.keys(ACTIONS) as [Action, ...Action[]]
