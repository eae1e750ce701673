import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { refuseOutsideLocalRun } from '../../../local/servers/guard.ts'
import { AZURE_MARKERS } from '../../../shared/config.ts'
import { childEnvironment } from '../../support/child-environment.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-guard-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('T38: local servers never run in Azure', () => {
  it('starts with the explicit switch and no marker', () => {
    expect(() => refuseOutsideLocalRun({ SALLYPORT_ALLOW_STUBS: '1' })).not.toThrow()
  })

  it.each([undefined, '', '0', 'true', 'yes'])('refuses without the switch (SALLYPORT_ALLOW_STUBS=%s)', (value) => {
    expect(() => refuseOutsideLocalRun({ SALLYPORT_ALLOW_STUBS: value })).toThrow('SALLYPORT_ALLOW_STUBS=1')
  })

  it.each(AZURE_MARKERS)('refuses with the switch and %s alone', (marker) => {
    expect(() => refuseOutsideLocalRun({ SALLYPORT_ALLOW_STUBS: '1', [marker]: 'x' })).toThrow(marker)
  })

  it.each([
    ['key-vault', {}],
    ['azurite', { SALLYPORT_ALLOW_STUBS: '1', WEBSITE_SITE_NAME: 'sallyport' }],
    ['identity', { SALLYPORT_ALLOW_STUBS: '1', WEBSITE_POD_NAME: 'x' }],
    ['clouds', { SALLYPORT_ALLOW_STUBS: '1', WEBSITE_SKU: 'FlexConsumption' }],
  ])('%s refuses as a process, before it touches its folder (%o)', async (server, env) => {
    const main = join('local', 'servers', server, 'main.ts')
    const child = spawn(process.execPath, [main, '--state', folder], { env: childEnvironment(env) })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk
    })
    const [code] = await once(child, 'close')
    expect(code).toBe(1)
    expect(said).toContain('local servers')
    expect(readdirSync(folder)).toEqual([])
  })
})
