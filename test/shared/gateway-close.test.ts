import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { beforeAll, describe, expect, it } from 'vitest'
import { entryFile } from '../../local/entry-file.ts'
import { createAzure } from '../../shared/azure/azure.ts'
import { applyPolicies } from '../../shared/policy/apply.ts'
import { loadDocuments } from '../../shared/policy/load-documents.ts'
import { childEnvironment } from '../support/child-environment.ts'
import { createFaultyLink, type Fault } from '../support/faults/faulty-link.ts'
import { rig } from '../support/rig.ts'

const local = rig()
const NAME = 'stripe-closing'
let token: string

beforeAll(async () => {
  await local.createStorage()
  const documents = await loadDocuments('local/seed/policies')
  await applyPolicies({ table: createAzure(local.config()).table('policies'), documents, now: Date.now })
  await (await local.operatorVault('main')).setSecret(NAME, 'value')
  token = await local.callerToken('billing-app')
})

/** Runs closing-process.ts to its end. */
async function run(use: string, environment: Record<string, string> = {}): Promise<{ code: number; said: string }> {
  const child = spawn(process.execPath, [entryFile('test/support/closing-process.ts'), use, NAME, token], {
    env: childEnvironment({ ...local.environment, ...environment }),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const [code] = await once(child, 'close')
  return { code, said }
}

describe('a closed gateway keeps no process alive', () => {
  it('ends: nothing was asked of it', async () => {
    expect(await run('unused')).toEqual({ code: 0, said: '[]' })
  }, 60_000)

  it('ends: after tokens good and bad, keys, and a secret', async () => {
    expect(await run('used', { SALLYPORT_JOURNAL_DEADLINE_MS: '20000' })).toEqual({
      code: 0,
      said: '[200,401,200,200]',
    })
  }, 60_000)

  it('ends: a caller was waiting for a change, and is answered first', async () => {
    const { code, said } = await run('waiting', { SALLYPORT_JOURNAL_DEADLINE_MS: '20000' })
    expect([code, said]).toEqual([0, expect.stringMatching(/^\[200,401,200,200,\d+\]$/)])
  }, 60_000)

  it.each<Fault>(['refused', 'lost'])(
    'ends: storage is %s',
    async (fault) => {
      const link = await createFaultyLink({ upstream: local.addresses.table, stateDir: local.stateDir })
      await link.set(fault)
      const hosts = local.environment['SALLYPORT_LOCAL_HOSTS'] ?? ''
      const ours = hosts.replace(/([a-z0-9]+\.table\.core\.windows\.net)=[^,]+/, `$1=${link.address}`)
      expect(await run('used', { SALLYPORT_LOCAL_HOSTS: ours, SALLYPORT_JOURNAL_DEADLINE_MS: '500' })).toEqual({
        code: 0,
        said: '[503,401,503,503]',
      })
      await link.close()
    },
    60_000,
  )
})
