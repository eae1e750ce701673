import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { policyJsonSchema } from '../../shared/policy/json-schema.ts'
import { connectorDefinition, connectorProperties } from '../openapi/connector.ts'
import { openapi31 } from '../openapi/openapi31.ts'
import { allOperations } from '../openapi/operations.ts'
import { swagger20 } from '../openapi/swagger20.ts'
import { repositoryRoot } from '../repository-root.ts'
import { actionsPage } from './actions-page.ts'
import { errorsPage } from './errors-page.ts'
import { infraPage } from './infra-page.ts'
import { settingsPage } from './settings-page.ts'
import { storagePage } from './storage-page.ts'
import { threatPage } from './threat-page.ts'

/** Every generated document and what makes it; `npm run docs` writes them, `npm test` refuses differences. */
const DOCUMENTS: Record<string, () => string> = {
  'docs/errors.md': errorsPage,
  'docs/actions.md': actionsPage,
  'docs/storage-schema.md': storagePage,
  'docs/settings.md': settingsPage,
  'docs/threat-model.md': threatPage,
  'docs/azure-roles-and-cost.md': infraPage,
  'docs/policy.schema.json': () => json(policyJsonSchema()),
  'docs/openapi.json': () => json(openapi31(allOperations())),
  'docs/swagger.json': () => json(swagger20(allOperations())),
  'infra/connector/apiDefinition.swagger.json': () => json(connectorDefinition(allOperations())),
  'infra/connector/apiProperties.json': () => json(connectorProperties()),
}

const json = (document: unknown) => `${JSON.stringify(document, null, 2)}\n`

const stale = Object.entries(DOCUMENTS)
  .map(([path, make]) => ({ path, text: make() }))
  .filter(({ path, text }) => current(path) !== text)

if (process.argv.includes('--check')) {
  for (const { path } of stale) process.stdout.write(`      ${path} is not what the code says: npm run docs\n`)
  process.exit(stale.length === 0 ? 0 : 1)
}
for (const { path, text } of stale) {
  mkdirSync(dirname(join(repositoryRoot, path)), { recursive: true })
  writeFileSync(join(repositoryRoot, path), text)
  process.stdout.write(`${path}\n`)
}

function current(path: string): string | undefined {
  try {
    return readFileSync(join(repositoryRoot, path), 'utf8')
  } catch {
    return undefined
  }
}
