import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { forgetState, type Run, startRun, temporaryState } from './running.ts'

/** It stands for minutes: timers that fire every two seconds, as `npm start` has them, would cost as much as many tests. */
const QUIET = { SALLYPORT_ROTATE_SCHEDULE: '0 * * * * *', SALLYPORT_SEAL_SCHEDULE: '0 * * * * *' }

/** Starts the shared run when the first test file asks for it, by HTTP since each file is a process of its own. */
export async function keepRun(): Promise<{ url: string; close(): Promise<void> }> {
  const stateDir = temporaryState()
  let running: Promise<Run> | undefined
  const server = createServer(async (_request, response) => {
    running ??= startRun(stateDir, QUIET)
    try {
      const { endpoints } = await running
      response.writeHead(200).end(JSON.stringify({ stateDir, endpoints }))
    } catch (error) {
      response.writeHead(500).end(String(error))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      server.close()
      await (await running?.catch(() => undefined))?.stop()
      forgetState(stateDir)
    },
  }
}
