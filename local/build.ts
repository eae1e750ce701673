import { basename, dirname, join } from 'node:path'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import { repositoryRoot } from './repository-root.ts'

/** Packages that are imported lazily, by the file they go into: who needs none of a file never compiles it. */
export const APART: Record<string, readonly string[]> = {
  azure: ['@azure/data-tables', '@azure/identity', '@azure/keyvault-secrets', '@azure/msal-node'],
  targets: ['@aws-sdk/client-sts', '@azure/storage-blob', '@azure/web-pubsub', 'google-auth-library', 'pg'],
}

const COMMON: BuildOptions = {
  absWorkingDir: repositoryRoot,
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'cjs',
  minify: true,
  keepNames: true,
  sourcemap: 'linked',
  external: ['@azure/functions-core'],
  define: { 'import.meta.url': '__moduleUrl' },
  banner: { js: "const __moduleUrl=require('node:url').pathToFileURL(__filename).href;" },
  logLevel: 'warning',
}

/**
 * `npm run build`: functions/index.ts and all it needs as CommonJS files that a Functions worker can load. Traps: core
 * is injected by the worker, so it stays external; an Azure SDK module calls createRequire(import.meta.url), which
 * CommonJS lacks; V8 reads a whole file before it runs any of it, so SDKs stand in files of their own. Gives the files' names.
 */
export async function bundle(entry: string, outfile: string): Promise<string[]> {
  const fileOf = (part: string) => `${basename(outfile, '.cjs')}.${part}.cjs`
  const used = new Set<string>()
  await build({ ...COMMON, entryPoints: [entry], outfile, plugins: [packagesApart(fileOf, used)] })
  for (const part of used) {
    const stdin = { contents: partOf(APART[part] ?? []), resolveDir: repositoryRoot }
    await build({ ...COMMON, stdin, outfile: join(dirname(outfile), fileOf(part)) })
  }
  return [basename(outfile), ...[...used].map(fileOf)]
}

/** Each package is evaluated when it is asked for. */
function partOf(packages: readonly string[]): string {
  const members = packages.map((name) => `get '${name}'() { return require('${name}') }`)
  return `module.exports = { ${members.join(', ')} }`
}

/** Makes lazy imports of those packages a `require` of the file they are in; also leaves out the texts of zod in other languages. */
function packagesApart(fileOf: (part: string) => string, used: Set<string>): Plugin {
  const partOfPackage = new Map(
    Object.entries(APART).flatMap(([part, packages]) => packages.map((name) => [name, part] as const)),
  )
  return {
    name: 'packages-apart',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^[^.]/ }, ({ kind, path }) =>
        kind === 'dynamic-import' && partOfPackage.has(path) ? { path, namespace: 'apart' } : undefined,
      )
      onResolve({ filter: /./, namespace: 'apart' }, ({ path }) => ({ path, external: true }))
      onLoad({ filter: /./, namespace: 'apart' }, ({ path }) => {
        const part = partOfPackage.get(path) ?? ''
        used.add(part)
        return { contents: `module.exports = require('./${fileOf(part)}')['${path}']` }
      })
      onLoad({ filter: /zod\/v4\/locales\/index\.js$/ }, () => ({ contents: '' }))
    },
  }
}

if (import.meta.main) {
  const files = await bundle('functions/index.ts', 'dist/index.cjs')
  process.stdout.write(`dist: ${files.join(', ')}\n`)
}
