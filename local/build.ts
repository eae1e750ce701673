import { build, type Plugin } from 'esbuild'
import { repositoryRoot } from './repository-root.ts'

/**
 * `npm run build`: functions/index.ts and all it needs as one CommonJS file that a Functions worker can load. Traps: core
 * is injected by the worker, so it stays external; an Azure SDK module calls createRequire(import.meta.url), which
 * CommonJS lacks; lazy imports stay lazy inside the file, which keeps the cold start short.
 */
export async function bundle(entry: string, outfile: string): Promise<void> {
  await build({
    entryPoints: [entry],
    outfile,
    absWorkingDir: repositoryRoot,
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'cjs',
    minify: true,
    keepNames: true,
    // Without the comment that names it: the package has the bundle alone.
    sourcemap: 'external',
    external: ['@azure/functions-core'],
    define: { 'import.meta.url': '__moduleUrl' },
    banner: { js: "const __moduleUrl=require('node:url').pathToFileURL(__filename).href;" },
    logLevel: 'warning',
    plugins: [englishAlone],
  })
}

/** zod brings its texts in fifty languages; the gateway's own are in zod-detail.ts. V8 reads a whole file before it runs any of it. */
export const englishAlone: Plugin = {
  name: 'english-alone',
  setup: ({ onLoad }) => onLoad({ filter: /zod\/v4\/locales\/index\.js$/ }, () => ({ contents: '' })),
}

if (import.meta.main) {
  await bundle('functions/index.ts', 'dist/index.cjs')
  process.stdout.write('dist/index.cjs\n')
}
