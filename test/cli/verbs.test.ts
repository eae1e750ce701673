import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { allVerbs, VERBS, verbOf } from '../../cli/verbs.ts'
import { repositoryRoot } from '../../local/repository-root.ts'
import { childEnvironment } from '../support/child-environment.ts'

it('gives each verb under its own name', async () => {
  expect((await allVerbs()).map(({ name }) => name)).toEqual(Object.keys(VERBS))
  for (const name of Object.keys(VERBS)) expect((await verbOf([...name.split(' '), 'x']))?.name).toBe(name)
})

it.each([[[]], [['secret']], [['secrets', 'get']], [['get', 'secret']], [['__proto__']], [['constructor']], [['']]])(
  'gives none for %j',
  async (argv) => {
    expect(await verbOf(argv)).toBeUndefined()
  },
)

it('loads nothing of other verbs', () => {
  const script = `
    const { registerHooks } = await import('node:module')
    registerHooks({ load: (url, context, next) => (/cli[/][a-z-]+[.]ts$/.test(url) && console.log(url), next(url, context)) })
    const { verbOf } = await import('./cli/verbs.ts')
    await verbOf(['secret', 'get'])
  `
  const loaded = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: repositoryRoot,
    env: childEnvironment({ NODE_NO_WARNINGS: '1' }),
    encoding: 'utf8',
  })
  expect(loaded).toMatch(/secret-get\.ts/)
  expect(loaded).not.toMatch(/policy-|rotation-|grant-|audit-|doctor/)
})
