import type { ServerAnswer, ServerRequest } from '../http-server.ts'
import type { Backups } from './backup.ts'
import { readBackup, readNewSecret, readPatch } from './body.ts'
import { bundle, deletedBundle, deletedItem, item, newest, page } from './bundle.ts'
import type { Operation, Route } from './routes.ts'
import type { Vault } from './vault.ts'

export type OperationCall = { request: ServerRequest; route: Route; vault: Vault; backups: Backups; base: string }

const ok = (json: unknown): ServerAnswer => ({ status: 200, json })

/** The twelve secret operations of the data plane (learn.microsoft.com/rest/api/keyvault/secrets). */
export const OPERATE: Record<Operation, (call: OperationCall) => Promise<ServerAnswer> | ServerAnswer> = {
  setSecret: async ({ request, route, vault, base }) =>
    ok(bundle(base, await vault.set(route.name, readNewSecret(request.body)), true)),

  getSecret: ({ route, vault, base }) => ok(bundle(base, vault.get(route.name, route.version), true)),

  listSecrets: ({ request, vault, base }) =>
    ok(page(request.url, vault.names(), ({ record, phase }) => (phase === 'live' ? item(base, record) : undefined))),

  listVersions: ({ request, route, vault, base }) =>
    ok(page(request.url, vault.versions(route.name), (one) => bundle(base, one, false))),

  updateSecret: async ({ request, route, vault, base }) =>
    ok(bundle(base, await vault.update(route.name, route.version, readPatch(request.body)), false)),

  deleteSecret: async ({ route, vault, base }) => ok(deletedBundle(base, await vault.delete(route.name))),

  getDeletedSecret: ({ route, vault, base }) => ok(deletedBundle(base, vault.deleted(route.name))),

  listDeletedSecrets: ({ request, vault, base }) =>
    ok(
      page(request.url, vault.names(), ({ record, phase }) =>
        phase === 'deleted' ? deletedItem(base, record) : undefined,
      ),
    ),

  recoverSecret: async ({ route, vault, base }) => {
    const record = await vault.recover(route.name)
    return ok(bundle(base, { record, version: newest(record) }, false))
  },

  purgeSecret: async ({ route, vault }) => {
    await vault.purge(route.name)
    return { status: 204 }
  },

  backupSecret: ({ route, vault, backups }) => ok({ value: backups.seal(vault.record(route.name)) }),

  restoreSecret: async ({ request, vault, backups, base }) => {
    const record = await vault.restore(backups.open(readBackup(request.body)))
    return ok(bundle(base, { record, version: newest(record) }, false))
  },
}
