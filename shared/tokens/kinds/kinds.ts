import type { TargetKind } from '../../policy/target.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { Kinds } from '../plan-token.ts'
import { type AcrKindDeps, createAcrKind } from './acr.ts'
import { type AwsKindDeps, createAwsKind } from './aws.ts'
import { createEntraKind, type EntraKindDeps } from './entra.ts'
import { createEntraFromGoogleKind, type EntraFromGoogleDeps } from './entra-from-google.ts'
import { createGoogleKind, type GoogleKindDeps } from './google.ts'
import { createJwtKind } from './jwt.ts'
import type { TokenKind } from './kind.ts'
import { createPasswordKind, type PasswordKindDeps } from './password.ts'
import { createStorageSasKind, type StorageSasDeps } from './storage-sas.ts'
import { createWebPubSubKind, type WebPubSubKindDeps } from './web-pubsub.ts'

export type KindsDeps = {
  keys: KeyRing
  issuer: string
  storage: StorageSasDeps
  acr: AcrKindDeps
  webPubSub: WebPubSubKindDeps
  google: GoogleKindDeps
  entra: EntraKindDeps & PasswordKindDeps
  aws: AwsKindDeps
  entraFromGoogle: EntraFromGoogleDeps
}

/** Every kind of token there is; a kind that policy knows and this list lacks does not compile. */
export function createKinds(deps: KindsDeps): Kinds {
  const kinds: { [K in TargetKind]: TokenKind<K> } = {
    jwt: createJwtKind(deps),
    'storage-sas': createStorageSasKind(deps.storage),
    acr: createAcrKind(deps.acr),
    'web-pubsub': createWebPubSubKind(deps.webPubSub),
    google: createGoogleKind(deps.google),
    entra: createEntraKind(deps.entra),
    password: createPasswordKind(deps.entra),
    aws: createAwsKind(deps.aws),
    'entra-from-google': createEntraFromGoogleKind(deps.entraFromGoogle),
  }
  return new Map(Object.values(kinds).map((kind) => [kind.kind, kind as TokenKind]))
}
