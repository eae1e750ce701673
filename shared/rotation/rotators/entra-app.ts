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
const Credential = z.object({ keyId: Guid, displayName: z.string().nullish(), startDateTime: z.string().nullish() })
const Application = z.object({ passwordCredentials: z.array(Credential) })
const Added = z.object({ keyId: Guid, secretText: z.string().min(16).max(1_024) })

/** Names the secrets that the gateway added, and for which run: it removes no others. */
const nameOf = (runId: string) => `sallyport-${runId}`
const OURS = /^sallyport-([0-9a-f]{32})$/

/**
 * A client secret of an app registration (learn.microsoft.com/graph/api/application-addpassword): a new one is added beside the
 * old one; when everybody has it, those that earlier runs added are removed. A new secret works only after some minutes, which
 * is what `verify` waits for.
 */
export function createEntraAppRotator({ graph, logIn }: EntraAppDeps): Rotator<EntraAppRotation> {
  const path = ({ rotation }: Context) => `/v1.0/applications/${rotation.settings.application}`

  const listed = async (context: Context) => {
    const { signal } = context
    const answer = await asFault('graph', () =>
      graph('GET', `${path(context)}?$select=passwordCredentials`, { signal }),
    )
    const parsed = Application.safeParse(answer)
    if (!parsed.success) throw new RotationFault('graph_garbled')
    return parsed.data.passwordCredentials.flatMap(({ keyId, displayName }) => {
      const [, runId] = OURS.exec(displayName ?? '') ?? []
      return runId === undefined ? [] : [{ keyId, runId }]
    })
  }

  const remove = async (context: Context, keyId: string) => {
    await context.guard()
    const { signal } = context
    await asFault('graph', () => graph('POST', `${path(context)}/removePassword`, { body: { keyId }, signal }))
  }

  /** Removes what the gateway added for the runs that `which` picks. */
  const removeOurs = async (context: Context, which: (runId: string) => boolean) => {
    for (const { keyId, runId } of await listed(context)) if (which(runId)) await remove(context, keyId)
  }

  return {
    async create(context) {
      const { run, rotation, signal, now } = context
      // Graph tells a secret's text once: one that was added before a crash and not kept is of no use to anybody.
      await removeOurs(context, (runId) => runId === run.id)
      const endDateTime = new Date(now() + ms(rotation.settings.lifetime)).toISOString()
      const body = { passwordCredential: { displayName: nameOf(run.id), endDateTime } }
      await context.guard()
      const answer = await asFault('graph', () => graph('POST', `${path(context)}/addPassword`, { body, signal }))
      const added = Added.safeParse(answer)
      if (!added.success) throw new RotationFault('graph_garbled')
      await context.remember({ keyId: added.data.keyId })
      return new Secret(added.data.secretText)
    },
    set: async () => {},
    async verify({ rotation, signal }, secret) {
      const { tenant, clientId, tryOn } = rotation.settings
      await asFault('entra', () => logIn({ tenant, clientId, secret, resource: tryOn, signal }))
    },
    retire: (context) => removeOurs(context, (runId) => runId !== context.run.id),
    undo: (context) => removeOurs(context, (runId) => runId === context.run.id),
  }
}
