import { z } from 'zod'
import type { ServerAnswer, ServerRequest } from '../../http-server.ts'
import type { ClientPassword, ClientPasswords } from '../client-passwords.ts'
import type { Directory, RegisteredApp } from '../directory.ts'
import type { GraphCaller } from './caller.ts'
import { badRequest, denied, notFound } from './graph-error.ts'

export type ApplicationsDeps = { directory: Directory; passwords: ClientPasswords; now(): number }

type Call = { request: ServerRequest; caller: GraphCaller; id: string }

const READ = [
  'Application.ReadWrite.OwnedBy',
  'Application.Read.All',
  'Application.ReadWrite.All',
  'Directory.Read.All',
]

const AddBody = z.object({
  passwordCredential: z
    .object({ displayName: z.string().max(120).nullish(), endDateTime: z.iso.datetime({ offset: true }).nullish() })
    .nullish(),
})
const RemoveBody = z.object({ keyId: z.guid() })

/** Two years: what Entra gives when nothing is asked for. */
const DEFAULT_LIFE_MS = 730 * 86_400_000

/** GET /v1.0/applications/{id} (learn.microsoft.com/graph/api/application-get); only what `$select` names, when it does. */
export function getApplication(
  { request, caller, id }: Call,
  { directory, passwords }: ApplicationsDeps,
): ServerAnswer {
  if (!caller.roles.some((role) => READ.includes(role))) throw denied()
  const app = directory.application(id)
  if (!app) throw notFound(id)
  const { origin, searchParams } = request.url
  const whole: Record<string, unknown> = {
    id,
    appId: app.appId,
    displayName: app.name,
    passwordCredentials: passwords.of(app).map(shown),
  }
  const selected = searchParams.get('$select')?.split(',')
  const unknown = selected?.find((name) => !(name in whole))
  if (unknown !== undefined)
    throw badRequest(`Could not find a property named '${unknown}' on type 'microsoft.graph.application'.`)
  const context = `${origin}/v1.0/$metadata#applications${selected ? `(${selected.join(',')})` : ''}/$entity`
  const kept = Object.entries(whole).filter(([name]) => selected?.includes(name) ?? true)
  return { status: 200, json: { '@odata.context': context, ...Object.fromEntries(kept) } }
}

/** POST …/addPassword: the only time that the secret's text is told. */
export async function addPassword(call: Call, deps: ApplicationsDeps): Promise<ServerAnswer> {
  const app = changeable(call, deps)
  const { passwordCredential } = parsed(AddBody, call.request)
  const endDateTime = passwordCredential?.endDateTime ?? new Date(deps.now() + DEFAULT_LIFE_MS).toISOString()
  const displayName = passwordCredential?.displayName ?? null
  const added = await deps.passwords.add(app, { displayName, endDateTime })
  const context = `${call.request.url.origin}/v1.0/$metadata#microsoft.graph.passwordCredential`
  return { status: 200, json: { '@odata.context': context, ...shown(added), secretText: added.text } }
}

/** POST …/removePassword. */
export async function removePassword(call: Call, deps: ApplicationsDeps): Promise<ServerAnswer> {
  const app = changeable(call, deps)
  const { keyId } = parsed(RemoveBody, call.request)
  if (!(await deps.passwords.remove(app, keyId))) throw badRequest('No password credential found with keyId.')
  return { status: 204 }
}

/** `Application.ReadWrite.OwnedBy` opens those applications alone whose owner the caller's service principal is. */
function changeable({ caller, id }: Call, { directory }: ApplicationsDeps): RegisteredApp {
  const app = directory.application(id)
  const mayAll = caller.roles.includes('Application.ReadWrite.All')
  if (!mayAll && !caller.roles.includes('Application.ReadWrite.OwnedBy')) throw denied()
  if (!app) throw notFound(id)
  if (!mayAll && !app.owners.includes(caller.objectId)) throw denied()
  return app
}

function parsed<T>(schema: z.ZodType<T>, { body }: ServerRequest): T {
  try {
    return schema.parse(JSON.parse(body || '{}'))
  } catch {
    throw badRequest('Unable to read JSON request payload.')
  }
}

const shown = ({ keyId, displayName, startDateTime, endDateTime, hint }: ClientPassword) => ({
  ...{ customKeyIdentifier: null, displayName, endDateTime, hint, keyId, secretText: null, startDateTime },
})
