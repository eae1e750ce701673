import { repositoryRoot } from '../repository-root.ts'
import { startHost } from './start-host.ts'

// A Functions host in a process of its own, for benchmarks and tests; the parent waits for the message and ends it with SIGTERM.
const [entry = 'bench/app.ts', port = '0'] = process.argv.slice(2)
const host = await startHost({ appRoot: repositoryRoot, entry, port: Number(port), log: () => {} })
process.once('SIGTERM', async () => {
  await host.stop()
  process.exit(0)
})
process.once('disconnect', () => process.exit(1))
process.send?.({ url: host.url, functions: host.functions })
