import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageFiles, writeFolder } from './package.ts'
import { type App, type AppHost, run } from './run.ts'

const MISSING = `Azure Functions Core Tools are not installed here: they are an optional package whose install step downloads a
binary. Install them (npm package azure-functions-core-tools, or your system's package), or use \`npm start\`.`

// `npm run start:func`: the deployment bundle under the real host, as `func` brings it.
if (spawnSync('func', ['--version'], { stdio: 'ignore' }).status !== 0) {
  process.stderr.write(`sallyport: ${MISSING}\n`)
  process.exit(1)
}
await run(startFunc)

async function startFunc({ port, stateDir, environment }: App): Promise<AppHost> {
  // A folder with what a deployment holds and nothing else; with the sources in sight `func` would ask for a language.
  const folder = join(stateDir, 'func')
  writeFolder(folder, await packageFiles())
  writeFileSync(join(folder, 'local.settings.json'), JSON.stringify(settings(environment)))
  const child = spawn('func', ['start', '--port', String(port)], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  await once(child, 'spawn')
  return { pid: child.pid ?? 0, stop: () => ended(child) }
}

const settings = (environment: Record<string, string>) => ({
  IsEncrypted: false,
  Values: { FUNCTIONS_WORKER_RUNTIME: 'node', AzureWebJobsStorage: '', ...environment },
})

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  child.kill('SIGINT')
  await once(child, 'exit')
}
