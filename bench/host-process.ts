import { startHost } from '../local/functions-host/start-host.ts'
import { repositoryRoot } from '../local/repository-root.ts'

// A Functions host for one benchmark, in a process of its own; the parent waits for the URL and ends it with SIGTERM.
const [entry = 'bench/app.ts'] = process.argv.slice(2)
const host = await startHost({ appRoot: repositoryRoot, entry, port: 0, log: () => {} })
process.send?.({ url: host.url })
process.once('SIGTERM', async () => {
  await host.stop()
  process.exit(0)
})
process.once('disconnect', () => process.exit(1))
