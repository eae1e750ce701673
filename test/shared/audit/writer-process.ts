import { createJournal } from '../../../shared/audit/journal.ts'
import { createAzure } from '../../../shared/azure/azure.ts'
import { loadConfig } from '../../../shared/config.ts'
import { intent, MASTER } from './fixtures.ts'

// A process that writes intents as fast as they are acknowledged, twenty at a time, and names on stdout each that was, until it is killed.
const config = loadConfig(process.env)
const journal = createJournal({
  table: createAzure(config).table('audit'),
  master: async () => MASTER,
  now: Date.now,
  deadlineMs: 10_000,
  build: 'b',
  instance: 'killed',
  report: (event, detail) => process.stderr.write(`${event} ${JSON.stringify(detail)}\n`),
})

async function write(lane: number): Promise<void> {
  for (let n = 0; ; n++) {
    const txn = `${lane}-${n}`
    await journal.record(intent(txn))
    process.stdout.write(`${txn}\n`)
  }
}

await Promise.all(Array.from({ length: 20 }, (_, lane) => write(lane)))
