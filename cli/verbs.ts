import type { Verb } from './verb.ts'

/** Every verb of the command by its name, in the help's order. Loaded alone: all of them together are half a second of CPU. */
export const VERBS: Readonly<Record<string, () => Promise<Verb>>> = {
  'policy validate': async () => (await import('./policy-validate.ts')).policyValidate,
  'policy plan': async () => (await import('./policy-plan.ts')).policyPlan,
  'policy apply': async () => (await import('./policy-apply.ts')).policyApply,
  'policy export': async () => (await import('./policy-export.ts')).policyExport,
  'policy drift': async () => (await import('./policy-drift.ts')).policyDrift,
  'policy test': async () => (await import('./policy-test.ts')).policyTest,
  'policy replay': async () => (await import('./policy-replay.ts')).policyReplay,
  explain: async () => (await import('./explain.ts')).explain,
  'audit verify': async () => (await import('./audit-verify.ts')).auditVerify,
  'audit query': async () => (await import('./audit-query.ts')).auditQuery,
  doctor: async () => (await import('./doctor.ts')).doctor,
  verify: async () => (await import('./verify.ts')).verify,
  'secret get': async () => (await import('./secret-get.ts')).secretGet,
  'secret list': async () => (await import('./secret-list.ts')).secretList,
  'secret set': async () => (await import('./secret-set.ts')).secretSet,
  'token get': async () => (await import('./token-get.ts')).tokenGet,
  'grant open': async () => (await import('./grant-open.ts')).grantOpen,
  'grant delegate': async () => (await import('./grant-delegate.ts')).grantDelegate,
  'grant revoke': async () => (await import('./grant-revoke.ts')).grantRevoke,
  'grant list': async () => (await import('./grant-list.ts')).grantList,
  'rotation list': async () => (await import('./rotation-list.ts')).rotationList,
  'rotation status': async () => (await import('./rotation-status.ts')).rotationStatus,
  'rotation run': async () => (await import('./rotation-run.ts')).rotationRun,
  'rotation abort': async () => (await import('./rotation-abort.ts')).rotationAbort,
}

/** The verb that the arguments begin with; undefined when there is none. */
export async function verbOf(argv: readonly string[]): Promise<Verb | undefined> {
  const [, load] = Object.entries(VERBS).find(([name]) => name.split(' ').every((word, at) => argv[at] === word)) ?? []
  return load?.()
}

/** What the help is made of. */
export const allVerbs = (): Promise<Verb[]> => Promise.all(Object.values(VERBS).map((load) => load()))
