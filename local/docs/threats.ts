/** The threat table. `issue` names what brings the mitigation where it is not there yet. */
export type Threat = { id: string; threat: string; mitigation: string; later?: string }

export const THREATS: readonly Threat[] = [
  {
    id: 'T1',
    threat: 'algorithm confusion, `none`, key used under another algorithm',
    mitigation: 'allow-list per issuer, asymmetric only, key bound to its algorithm',
  },
  {
    id: 'T2',
    threat: '`jku`, `x5u`, `jwk` headers bring a key or a request',
    mitigation: 'such headers are refused; keys come from the configured issuer alone',
  },
  { id: 'T3', threat: '`kid` as path, query or log injection', mitigation: 'a pattern, then compared in memory only' },
  {
    id: 'T4',
    threat: 'issuer mix-up: other tenant, v1/v2 twin, trailing slash',
    mitigation: 'exact issuer, keys per issuer, `tid` must agree',
  },
  {
    id: 'T5',
    threat: 'a user’s token used as an app’s; the same oid in two tenants',
    mitigation: 'principal = tenant and object id; no mutable claim in policies',
  },
  {
    id: 'T6',
    threat: 'audience arrays or prefixes, ID tokens, our own tokens replayed',
    mitigation: 'one exact audience, token type pinned; exchange of ours only where its target’s document names it',
  },
  {
    id: 'T7',
    threat: 'managed-identity endpoint gives the gateway’s identity to anybody',
    mitigation: 'a proof per caller',
    later: 'managed-identity endpoints',
  },
  {
    id: 'T8',
    threat: 'odd `resource` values reach an upstream',
    mitigation: 'exact member of the policy’s list; never used to build a URL',
  },
  { id: 'T9', threat: 'forged `X-MS-CLIENT-PRINCIPAL`', mitigation: 'never read' },
  {
    id: 'T10',
    threat: 'forged `X-Forwarded-For`',
    mitigation: 'only our own hops count; spellings normalised; unknown satisfies nothing',
  },
  {
    id: 'T11',
    threat: 'policy changes between check and act',
    mitigation: 'MUTATE re-reads the revision before the decision and after the intent',
  },
  {
    id: 'T12',
    threat: 'lost updates, double spend',
    mitigation: 'explicit ETags everywhere; a use and its record are one transaction, before anything leaves',
  },
  {
    id: 'T13',
    threat: 'a delegated context exceeds its delegator',
    mitigation: 'intersection of the chain at every use; read again before and after the record of a change',
  },
  {
    id: 'T14',
    threat: 'delegation cycles and chains, edited rows',
    mitigation: 'four grants at most; each row is sealed and hashed into its child and into the credential',
  },
  { id: 'T15', threat: 'filter injection', mitigation: 'filters by the SDK’s `odata` tag alone' },
  { id: 'T16', threat: 'hostile table keys', mitigation: 'keys are checked before the call, or hashes' },
  { id: 'T17', threat: 'a secret’s name that is a path', mitigation: 'names and versions checked before any SDK call' },
  { id: 'T18', threat: 'values in logs, errors, inspect', mitigation: '`Secret`; a canary over every sink' },
  {
    id: 'T19',
    threat: 'SDK errors and objects that print values',
    mitigation: 'unwrapped at the edge, never attached, never logged',
  },
  { id: 'T20', threat: 'answers tell what exists', mitigation: 'decided before looked up; the same bytes' },
  {
    id: 'T21',
    threat: 'one caller served from another’s cache entry',
    mitigation: 'every request is decided and recorded; cached are values, never decisions',
  },
  { id: 'T22', threat: 'stale policy', mitigation: 'revision polled; too old is a refusal' },
  {
    id: 'T23',
    threat: 'half-done rotation',
    mitigation:
      'state machine whose steps are idempotent by the run’s id; applied before published, verified before cut-over; what is current is never ended; an event and the aftermath of an emergency survive a kill too',
  },
  {
    id: 'T24',
    threat: 'double rotation, one of what the gateway stands on, or an event told twice by two timers',
    mitigation:
      'lease and fence; own identity, storage and hosts refused when written and before a call; compare-and-set of each delivery',
  },
  {
    id: 'T25',
    threat: 'the record is edited, reordered, cut',
    mitigation: 'chain per writer; signed checkpoints come with the seal timer',
  },
  { id: 'T26', threat: 'log forging', mitigation: 'JSON, controls and bidi escaped, ids validated' },
  { id: 'T27', threat: 'audit outage hides access', mitigation: 'no durable intent, no act' },
  { id: 'T28', threat: 'clock skew', mitigation: '60 s for tokens; storage’s clock watched' },
  { id: 'T29', threat: 'giant tokens', mitigation: '16 KiB before any decoding' },
  { id: 'T30', threat: 'deep, duplicate-key or polluting JSON', mitigation: 'strict parser, strict schemas' },
  { id: 'T31', threat: 'compressed bombs', mitigation: 'encodings are refused' },
  {
    id: 'T32',
    threat: 'pathological patterns',
    mitigation: 'matched by segment, bounded steps, no RegExp from an author',
  },
  {
    id: 'T33',
    threat: 'JWKS floods, outages, poisoned sets',
    mitigation: 'one read, cool-down, breaker, caps, stale-if-error',
  },
  { id: 'T34', threat: 'unbounded caches', mitigation: 'hard caps; evicted means done again' },
  { id: 'T35', threat: 'the policy engine fails open', mitigation: 'not evaluable and failing are refusals' },
  {
    id: 'T36',
    threat: 'a policy author grants itself',
    mitigation: 'a change by which its writer gains needs a second principal; `plan --fail-on-self-grant` in CI',
  },
  {
    id: 'T37',
    threat: 'memory or environment written to disk, debugger',
    mitigation: 'such NODE_OPTIONS stop the start',
  },
  { id: 'T38', threat: 'local stand-ins in production', mitigation: 'a switch, and none of Azure’s markers' },
  { id: 'T39', threat: 'expired grants usable', mitigation: 'checked at use, to the millisecond' },
  { id: 'T40', threat: 'redirects and other hosts get a token', mitigation: 'one origin a client, no redirects, TLS' },
  { id: 'T41', threat: 'supply chain', mitigation: 'exact pins, lockfile, known install scripts' },
  {
    id: 'T42',
    threat: 'replay of a captured request',
    mitigation:
      'a client assertion and a DPoP proof count once; one effect for an `Idempotency-Key`; a handle serves once',
  },
  {
    id: 'T43',
    threat: 'a name that somebody chose runs in an auditor’s browser',
    mitigation: 'reports escape everything and forbid scripts by their policy; no value is in them',
  },
  {
    id: 'T44',
    threat:
      'a callback URL makes the gateway call what only it can reach (SSRF), or a name changes its address (rebinding)',
    mitigation:
      'hosts by setting; https on 443; resolved once, every address public, the checked one is dialled; no redirect, no proxy',
  },
  {
    id: 'T45',
    threat: 'a workflow keeps the secrets it was given in its run history',
    mitigation: '`secureData` on every step of the samples; a checker follows secrets through a definition; handles',
  },
]
