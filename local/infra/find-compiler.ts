import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { repositoryRoot } from '../repository-root.ts'

/** The compiler and where it came from, in words; `undefined` path with the reason why there is none. */
export type Found = { path: string; from: string } | { path: undefined; why: string }

const PROJECT = 'infra/bicep.csproj'
const PLATFORMS: Record<string, string> = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'darwin-x64': 'osx-x64',
  'darwin-arm64': 'osx-arm64',
  'win32-x64': 'win-x64',
  'win32-arm64': 'win-arm64',
}

/** SALLYPORT_BICEP, else `bicep` of PATH, else restored from NuGet by infra/bicep.csproj, which needs `dotnet`. */
export function findCompiler(env: Record<string, string | undefined>): Found {
  const wanted = wantedVersion()
  const named = env['SALLYPORT_BICEP']
  if (named) {
    return versionOf(named) === wanted
      ? { path: named, from: 'SALLYPORT_BICEP' }
      : { path: undefined, why: `SALLYPORT_BICEP is not a Bicep CLI ${wanted}` }
  }
  const name = process.platform === 'win32' ? 'bicep.exe' : 'bicep'
  const onPath = (env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path) && versionOf(path) === wanted)
  return onPath ? { path: onPath, from: 'PATH' } : restore(wanted, name)
}

/** The one version whose output is committed: another would differ in every line. */
function wantedVersion(): string {
  const [, version] =
    /<BicepVersion>(.+)<\/BicepVersion>/.exec(readFileSync(join(repositoryRoot, PROJECT), 'utf8')) ?? []
  if (!version) throw new Error(`${PROJECT} has no BicepVersion`)
  return version
}

function versionOf(path: string): string | undefined {
  const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' })
  return /version (\d+\.\d+\.\d+)/.exec(stdout ?? '')?.[1]
}

function restore(wanted: string, name: string): Found {
  const platform = PLATFORMS[`${process.platform}-${process.arch}`]
  if (!platform) return { path: undefined, why: `NuGet has no Bicep CLI for ${process.platform}-${process.arch}` }
  const packages = join(repositoryRoot, 'node_modules', '.sallyport-bicep')
  const path = join(packages, `azure.bicep.commandline.${platform}`, wanted, 'tools', name)
  if (!existsSync(path)) {
    const { status, error } = spawnSync('dotnet', restoreArguments(packages, platform), {
      cwd: repositoryRoot,
      stdio: ['ignore', 2, 2],
    })
    if (error || status !== 0) {
      const why = error ? '`dotnet` could not be started' : '`dotnet restore` failed; the lines above say why'
      return { path: undefined, why: `${why}. Set SALLYPORT_BICEP to a Bicep CLI ${wanted}` }
    }
  }
  chmodSync(path, 0o755)
  return { path, from: 'NuGet' }
}

const restoreArguments = (packages: string, platform: string) => [
  'restore',
  PROJECT,
  '--verbosity=quiet',
  `-p:BicepPlatform=${platform}`,
  `-p:RestorePackagesPath=${packages}`,
  `-p:MSBuildProjectExtensionsPath=${join(packages, 'obj')}/`,
]
