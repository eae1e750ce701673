/**
 * What Bicep cannot do: entities of a table have no resource type, and a lock that nobody can take back belongs in no template.
 * Runs after `azd provision`, and again by `azd hooks run postprovision`.
 */
import { spawnSync } from 'node:child_process'
import { type Step, stepsAfterProvision } from './after-provision.ts'
import { policyOf, ROLES_COUNT_AFTER_MS } from './journal-lock.ts'

const PATIENCE_MS = 5 * 60_000
const PAUSE_MS = 15_000
const started = Date.now()

const say = (line: string) => process.stdout.write(`${line}\n`)
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const shell = process.platform === 'win32'

for (const step of stepsAfterProvision(process.env)) await take(step)
await letRolesCount()

async function take(step: Step): Promise<void> {
  if ('say' in step) for (const line of step.say) say(line)
  else if ('run' in step) await untilAllowed(step)
  else lock(step.lockJournal)
}

/** A role counts some minutes after it was assigned; what fails for another reason fails the same way to the end. */
async function untilAllowed({ run: [command = '', ...args], otherwise }: Extract<Step, { run: unknown }>) {
  while (spawnSync(command, args, { stdio: 'inherit', shell }).status !== 0) {
    if (Date.now() - started > PATIENCE_MS) fail(otherwise)
    say(`  the role may not count yet: ${seconds()} s, trying again`)
    await pause(PAUSE_MS)
  }
}

/** The app's role on its deployment package is as new: `azd deploy` right away would be refused (Azure/azure-dev#8026). */
async function letRolesCount(): Promise<void> {
  while (process.env['SALLYPORT_ASSIGN_ROLES'] !== 'false' && Date.now() - started < ROLES_COUNT_AFTER_MS) {
    say(`  waiting for the roles to count: ${seconds()} of ${ROLES_COUNT_AFTER_MS / 1000} s`)
    await pause(PAUSE_MS)
  }
}

/** `lockJournal` in the parameters is the consent: nobody can take it back. */
function lock({ account, group }: { account: string; group: string }): void {
  const az = (verb: string, more: string[] = []) => {
    const where = ['--account-name', account, '--container-name', 'checkpoints', '--resource-group', group]
    const args = ['storage', 'container', 'immutability-policy', verb, ...where, ...more, '--output', 'json']
    return spawnSync('az', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], shell })
  }
  const policy = policyOf(az('show').stdout)
  if (!policy) fail('The immutability policy could not be read: `az login`, then azd hooks run postprovision')
  if (policy.state === 'Unlocked' && az('lock', ['--if-match', policy.etag]).status !== 0)
    fail('The immutability policy could not be locked.')
  say('The checkpoints are locked: nobody can shorten or remove their policy any more.')
}

function fail(line: string): never {
  process.stderr.write(`${line}\n`)
  process.exit(1)
}

function seconds(): number {
  return Math.round((Date.now() - started) / 1000)
}
