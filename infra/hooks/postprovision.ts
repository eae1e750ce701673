/**
 * What Bicep cannot do: entities of a table have no resource type. Runs after `azd provision`, and again by
 * `azd hooks run postprovision`: waits until the deployer's new role counts, then applies the policies of
 * SALLYPORT_POLICIES (a folder), when it is set.
 */
import { spawnSync } from 'node:child_process'

const PATIENCE_MS = 5 * 60_000
const PAUSE_MS = 15_000

const { SALLYPORT_POLICIES, SALLYPORT_TABLE_ENDPOINT, SALLYPORT_ISSUER, SALLYPORT_ASSIGN_ROLES } = process.env
if (SALLYPORT_ASSIGN_ROLES === 'false') {
  process.stdout.write(
    'Roles were not assigned. Have somebody who may assign those of infra/README.md, "Roles"; then run\n',
  )
  process.stdout.write('  azd hooks run postprovision\n')
} else if (!SALLYPORT_POLICIES) {
  process.stdout.write('No policies are applied: the gateway refuses everything until there are some. Next:\n')
  process.stdout.write('  azd env set SALLYPORT_POLICIES <folder> && azd hooks run postprovision\n')
} else {
  await applyUntilAllowed(SALLYPORT_POLICIES)
}

/** A role counts some minutes after it was assigned; what fails for another reason fails the same way to the end. */
async function applyUntilAllowed(folder: string): Promise<void> {
  const started = Date.now()
  while (apply(folder) !== 0) {
    const seconds = Math.round((Date.now() - started) / 1000)
    if (seconds * 1000 > PATIENCE_MS) {
      process.stderr.write(
        'Policies could not be applied; the lines above say why. Behind a private network, run it inside.\n',
      )
      process.exit(1)
    }
    process.stdout.write(`  the role may not count yet: ${seconds} s, trying again\n`)
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
}

function apply(folder: string): number {
  const table = SALLYPORT_TABLE_ENDPOINT ?? ''
  const issuer = SALLYPORT_ISSUER ? ['--issuer', SALLYPORT_ISSUER] : []
  const args = ['exec', 'sallyport', '--', 'policy', 'apply', '--dir', folder, '--table-endpoint', table, ...issuer]
  return spawnSync('npm', args, { stdio: 'inherit', shell: process.platform === 'win32' }).status ?? 1
}
