import { hash } from 'node:crypto'
import { z } from 'zod'
import type { RotationDocument } from '../../policy/documents/rotation.ts'
import { Secret } from '../../secrets/secret.ts'
import type { JsonService } from '../json-service.ts'
import { RotationFault, type Rotator, type RotatorContext } from '../rotator.ts'
import { ms } from '../schedule.ts'
import { asFault } from '../upstream-fault.ts'

type EntraAppRotation = RotationDocument & { rotator: 'entra-app' }
type Context = RotatorContext<EntraAppRotation>

export type EntraAppDeps = {
  /** Microsoft Graph under the gateway's own identity (Application.ReadWrite.OwnedBy). */
  graph: JsonService
  /** What a new secret is tried on unless the document says something else. */
  graphOrigin: string
  /** Tells this gateway's secrets from another one's (the issuer). */
  gateway: string
  /** Gets a token with a client secret; never from a cache. Throws UpstreamFailure. */
  logIn: (application: {
    tenant: string
    clientId: string
    secret: Secret
    resource: string
    signal: AbortSignal
  }) => Promise<void>
}

const Guid = z.guid()
const Credential = z.object({ keyId: Guid, displayName: z.string().nullish() })
const Application = z.object({ appId: Guid, passwordCredentials: z.array(Credential) })
const Added = z.object({ keyId: Guid, secretText: z.string().min(16).max(1_024) })

/**
 * A client secret of an app registration (learn.microsoft.com/graph/api/application-addpassword): a new one is added beside the
 * old one; when everybody has it, those that earlier runs added are removed. A new secret works only after some minutes, which
 * is what `verify` waits for.
 */
export function createEntraAppRotator(deps: EntraAppDeps): Rotator<EntraAppRotation> {
  const { graph, graphOrigin, gateway, logIn } = deps
  const path = ({ rotation }: Context) => `/v1.0/applications/${rotation.settings.application}`

  /** INVARIANT: by this name the gateway knows what this very rotation added; it removes nothing else. */
  const prefixOf = ({ rotation }: Context) =>
    `sallyport-${hash('sha256', `${gateway}|${rotation.name}`, 'hex').slice(0, 16)}-`

  const listed = async (context: Context) => {
    const { signal, rotation } = context
    const prefix = prefixOf(context)
    const answer = await asFault('graph', () =>
      graph('GET', `${path(context)}?$select=appId,passwordCredentials`, { signal }),
    )
    const parsed = Application.safeParse(answer)
    if (!parsed.success) throw new RotationFault('graph_garbled')
    // The guard of the gateway's own application knows client ids: the object id must be that one's.
    if (parsed.data.appId.toLowerCase() !== rotation.settings.clientId.toLowerCase()) {
      throw new RotationFault('application_is_not_client', { final: true })
    }
    return parsed.data.passwordCredentials.flatMap(({ keyId, displayName }) =>
      displayName?.startsWith(prefix) ? [{ keyId, runId: displayName.slice(prefix.length) }] : [],
    )
  }

  type Ours = Awaited<ReturnType<typeof listed>>[number]

  const removeOurs = async (context: Context, which: (ours: Ours) => boolean) => {
    for (const ours of await listed(context)) if (which(ours)) await remove(context, ours.keyId)
  }

  /** One that is gone already, by a try whose answer was lost, is no failure. */
  const remove = async (context: Context, keyId: string) => {
    await context.guard()
    const { signal } = context
    try {
      await asFault('graph', () => graph('POST', `${path(context)}/removePassword`, { body: { keyId }, signal }))
    } catch (error) {
      if ((await listed(context)).some((ours) => ours.keyId === keyId)) throw error
    }
  }

  return {
    async create(context) {
      const { run, rotation, signal, now } = context
      // Graph tells a secret's text once: one that was added before a crash and not kept is of no use to anybody.
      await removeOurs(context, ({ runId }) => runId === run.id)
      const endDateTime = new Date(now() + ms(rotation.settings.lifetime)).toISOString()
      const body = { passwordCredential: { displayName: `${prefixOf(context)}${run.id}`, endDateTime } }
      await context.guard()
      const answer = await asFault('graph', () => graph('POST', `${path(context)}/addPassword`, { body, signal }))
      const added = Added.safeParse(answer)
      if (!added.success) throw new RotationFault('graph_garbled')
      await context.remember({ keyId: added.data.keyId })
      return new Secret(added.data.secretText)
    },
    set: async () => {},
    async verify({ rotation, signal }, secret) {
      const { tenant, clientId, tryOn = graphOrigin } = rotation.settings
      await asFault('entra', () => logIn({ tenant, clientId, secret, resource: tryOn, signal }))
    },
    async retire(context) {
      const { keyId: published } = context.run.memory
      // INVARIANT: never the one that was published. Another one of this run was added by a try that Graph did not list yet.
      await removeOurs(context, ({ keyId, runId }) => keyId !== published && (runId !== context.run.id || !!published))
    },
    undo: (context) => removeOurs(context, ({ runId }) => runId === context.run.id),
  }
}
