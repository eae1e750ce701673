import { callerToken } from '../../local/caller-token.ts'
import type { MintRequest } from '../../local/servers/identity/control.ts'
import type { ClientSecrets } from '../../local/servers/identity/directory.ts'
import type { IdentityControl, ServerControl } from './control.ts'
import type { Rig } from './servers.ts'
import { type Caller, directory } from './tenant.ts'

export type TokenOptions = { version?: 1 | 2; resource?: string }

export type MintOptions = Partial<Omit<MintRequest, 'claims'>>

export type TestIssuer = {
  /** `iss`, also the base of its discovery document. */
  issuer: string
  realm: string
  mint(claims: Record<string, unknown>, options?: Omit<MintOptions, 'realm'>): Promise<string>
  control: ServerControl
}

export type RigIdentity = {
  tenant: string
  /** A token of a seeded caller for the gateway (or `resource`); v2 unless told. */
  callerToken(caller: Caller, options?: TokenOptions): Promise<string>
  clientSecret(caller: Caller): string
  /** Any claims signed by the tenant's current key, or by another realm's (any other tenant id, `oidc-<name>`). */
  mint(claims: Record<string, unknown>, options?: MintOptions): Promise<string>
  /** An OIDC issuer of this file alone; it exists by being asked. */
  issuer(name: string): TestIssuer
  identityControl: IdentityControl
  /** Token of the operator for any resource. */
  operatorToken(resource: string): Promise<string>
}

export type RigIdentityDeps = Pick<Rig, 'stateDir' | 'addresses'> & {
  account: string
  secrets: ClientSecrets
  control: IdentityControl
}

/** Tokens of every kind for one test file: real ones of seeded callers, minted ones, those of OIDC issuers. */
export function rigIdentity({ stateDir, addresses, account, secrets, control }: RigIdentityDeps): RigIdentity {
  const { identity, ca } = addresses
  const { tenant } = directory
  const ofCaller: RigIdentity['callerToken'] = (caller, options) =>
    callerToken({ stateDir, identity, ca }, caller, options)
  const mint: RigIdentity['mint'] = (claims, options = {}) => control.mint({ realm: tenant, claims, ...options })
  return {
    tenant,
    callerToken: ofCaller,
    operatorToken: (resource) => ofCaller('operator', { version: 1, resource }),
    clientSecret: (caller) => secrets.apps[caller] ?? '',
    mint,
    issuer(name) {
      const realm = `oidc-${account}-${name}`
      return {
        issuer: `https://oidc.sallyport.test/${account}-${name}`,
        realm,
        mint: (claims, options) => mint(claims, { ...options, realm }),
        control: control.of(realm),
      }
    },
    identityControl: control,
  }
}
