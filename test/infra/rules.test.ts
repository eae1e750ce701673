import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { MATRIX } from '../../local/infra/matrix.ts'
import { judge } from '../../local/infra/rules/all.ts'
import { ofType } from '../../local/infra/rules/rule.ts'
import { repositoryRoot } from '../../local/repository-root.ts'
import { SETTING_NAMES } from '../../shared/config.ts'
import { predicted } from './snapshots.ts'

describe('what a deployment would create', () => {
  it('is predicted for {dev, prod} × {public, privateData, private} × {roles, none} × {vault, perSecret}, with every option, nothing else', () => {
    const files = readdirSync(join(repositoryRoot, 'infra/snapshots'))
    expect(files.sort()).toEqual(MATRIX.map(({ name }) => `${name}.json`).sort())
    expect(files.length).toBe(25)
  })

  it.each(MATRIX)('keeps every rule: $name', (each) => {
    expect(judge(predicted(each), each)).toEqual([])
  })

  it('sets every setting that the gateway reads in Azure somewhere', () => {
    const set = new Set(
      MATRIX.flatMap((each) =>
        ofType(predicted(each), 'Microsoft.Web/sites/config').flatMap(({ properties = {} }) => Object.keys(properties)),
      ),
    )
    const missing = SETTING_NAMES.filter((name) => !set.has(name))
    expect(missing).toEqual(['SALLYPORT_ALLOW_STUBS', 'SALLYPORT_LOCAL_HOSTS', 'SALLYPORT_LOCAL_CA'])
  })

  it('has roles before the settings, which start the app anew, and the package container before the app', () => {
    const { resources } = JSON.parse(readFileSync(join(repositoryRoot, 'infra/main.json'), 'utf8'))
    expect(resources.appSettings.dependsOn).toEqual(expect.arrayContaining(['functionApp', 'roles', 'monitoring']))
    expect(resources.functionApp.dependsOn).toEqual(expect.arrayContaining(['hostStorage', 'privateNetwork']))
    expect(resources.roles.dependsOn).toEqual(expect.arrayContaining(['functionApp', 'dataStorage', 'vaults']))
  })

  it('has no template that asks for a key', () => {
    const template = readFileSync(join(repositoryRoot, 'infra/main.json'), 'utf8')
    expect(template).not.toMatch(/\blist[A-Z]\w*\(|AccountKey|deploymentScripts/)
  })
})
