import type { TargetDocument } from './documents/target.ts'

/** What a token may be asked for (a policy document of kind `target`). `access` decides the action: `token:issue` or `token:issueWrite`. */
export type Target = TargetDocument

export type TargetKind = Target['token']['kind']

/** A target of one kind. */
export type TargetOf<K extends TargetKind> = Target & { token: Extract<Target['token'], { kind: K }> }

export type JwtTarget = TargetOf<'jwt'>
