import { repositoryRoot } from '../repository-root.ts'
import { startHost } from './start-host.ts'

// A Functions host in a process of its own, for benchmarks and tests; the parent waits for the message and ends it with SIGTERM.
// An empty entry is the one that package.json of the folder names.
const [entry = 'bench/app.ts', port = '0', appRoot = repositoryRoot] = process.argv.slice(2)
const host = await startHost({ appRoot, ...(entry && { entry }), port: Number(port), log: () => {} })
process.once('SIGTERM', async () => {
  await host.stop()
  process.exit(0)
})
process.once('disconnect', () => process.exit(1))
process.send?.({ url: host.url, functions: host.functions })
