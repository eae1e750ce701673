import { entryFile } from './entry-file.ts'
import { startHost } from './functions-host/start-host.ts'
import { repositoryRoot } from './repository-root.ts'
import { run } from './run.ts'

// `npm start`: the very functions/index.ts that Azure runs, in the in-process Functions host.
await run(async ({ port, stateDir, environment }) => {
  const app = { appRoot: repositoryRoot, entry: entryFile('functions/index.ts'), env: environment }
  const host = await startHost({ ...app, port, stateDir, frontEnd: true })
  return { pid: process.pid, stop: host.stop }
})
