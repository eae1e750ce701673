import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { allVerbs } from '../../cli/verbs.ts'
import { ofType } from '../../local/infra/rules/rule.ts'
import { repositoryRoot } from '../../local/repository-root.ts'
import { CONTAINERS, TABLES } from '../../shared/azure/storage-names.ts'
import { SETTING_NAMES } from '../../shared/config.ts'
import { predicted } from '../infra/snapshots.ts'

// docs/operations.md: what can be checked without Azure. `verify` itself runs in test/cli/verify.test.ts.

const path = join(repositoryRoot, 'docs/operations.md')
const text = readFileSync(path, 'utf8')
const commands = [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, block = '']) => block.trim().split('\n'))
/** Also those in the middle of a sentence. */
const inline = [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code)
const section = (title: string) => text.split(/^## /m).find((part) => part.startsWith(`${title}\n`)) ?? ''
const anchor = (title: string) =>
  title
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')

describe('docs/operations.md', () => {
  it('has a paragraph for each alert of the templates, and for nothing else', () => {
    const prod = predicted({ name: 'prod.privateData.roles.vault' })
    const alerts = ['scheduledQueryRules', 'activityLogAlerts', 'metricAlerts'].flatMap((type) =>
      ofType(prod, `Microsoft.Insights/${type}`).map(({ name }) => name.replace(/^sallyport-/, '')),
    )
    const told = [...section('Alerts').matchAll(/^### (.+)$/gm)].map(([, name]) => name)
    expect(told.sort()).toEqual(alerts.sort())
  })

  it('runs npm scripts that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8'))
    const named = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name)
    expect(named.length).toBeGreaterThan(2)
    expect(named.filter((name) => !(name in scripts))).toEqual([])
  })

  it('gives the command line verbs and options that it has', async () => {
    const verbs = await allVerbs()
    const common = ['json', 'help', 'state', 'table-endpoint', 'cloud']
    const lines = [...commands, ...inline].flatMap((line) => /^cli\/sallyport\.mjs (.*)/.exec(line)?.slice(1) ?? [])
    expect(lines.length).toBeGreaterThan(10)
    const wrong = lines.filter((line) => {
      const verb = verbs.find(({ name }) => line === name || line.startsWith(`${name} `))
      const options = [...line.matchAll(/(?<= )--([\w-]+)/g)].map(([, option = '']) => option)
      return !verb || options.some((option) => !common.includes(option) && !(option in (verb.options ?? {})))
    })
    expect(wrong).toEqual([])
  })

  it('has blocks of commands of known programs alone', () => {
    const programs = new Set(commands.map((line) => line.split(' ')[0]))
    expect([...programs].sort()).toEqual(['az', 'azd', 'cli/sallyport.mjs', 'git', 'npm'])
  })

  it('leads to files and headings that exist', () => {
    const links = [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => target)
    const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => anchor(title))
    const broken = links.filter((target) => {
      const [file = '', fragment] = target.split('#')
      if (file !== '') return !existsSync(resolve(dirname(path), file))
      return !headings.includes(fragment ?? '')
    })
    expect(broken).toEqual([])
  })

  it('says of every table and container what its loss means, and names settings that exist', () => {
    const backup = section('Backup and restore')
    const names = [...Object.values(TABLES), ...Object.values(CONTAINERS)]
    expect(names.filter((name) => !backup.includes(name))).toEqual([])
    const azd = ['SALLYPORT_NETWORK', 'SALLYPORT_POLICIES']
    const settings = [...text.matchAll(/SALLYPORT_[A-Z_]+/g)].map(([name]) => name)
    expect(settings.filter((name) => ![...SETTING_NAMES, ...azd].includes(name))).toEqual([])
  })
})
