/*
 * Hosts one app in a process of its own (the library keeps its state in its module). The options come as JSON in argv;
 * the first line on stdout tells where it listens, or why it does not. SIGTERM stops it.
 */
import { startHost } from '../../../../local/functions-host/start-host.ts'

const tell = (message: Record<string, unknown>) => process.stdout.write(`HOST ${JSON.stringify(message)}\n`)

try {
  const host = await startHost({
    log: (line) => process.stdout.write(`LOG ${line}\n`),
    ...JSON.parse(process.argv[2] ?? '{}'),
  })
  process.once('SIGTERM', async () => {
    await host.stop()
    process.exit(0)
  })
  tell({ url: host.url, port: host.port, functions: host.functions, errors: host.errors })
} catch (error) {
  tell({ failed: error instanceof Error ? error.message : String(error), code: (error as NodeJS.ErrnoException).code })
  process.exitCode = 1
}
