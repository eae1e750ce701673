import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { repositoryRoot } from '../repository-root.ts'

/** The compiler and where it came from, in words; `undefined` path with the reason why there is none. */
export type Found = { path: string; from: string } | { path: undefined; why: string }

const PROJECT = 'infra/bicep.csproj'
/** Where packages are restored to; tests take another. */
const PACKAGES = join(repositoryRoot, 'node_modules', '.sallyport-bicep')
const NAME = process.platform === 'win32' ? 'bicep.exe' : 'bicep'
const QUIET = { DOTNET_NOLOGO: '1', DOTNET_CLI_TELEMETRY_OPTOUT: '1', DOTNET_GENERATE_ASPNET_CERTIFICATE: 'false' }
const PLATFORMS: Record<string, string> = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'darwin-x64': 'osx-x64',
  'darwin-arm64': 'osx-arm64',
  'win32-x64': 'win-x64',
  'win32-arm64': 'win-arm64',
}

/** SALLYPORT_BICEP, else `bicep` of PATH, else restored from NuGet by infra/bicep.csproj, which needs `dotnet`. */
export function findCompiler(env: NodeJS.ProcessEnv, packages = PACKAGES): Found {
  const wanted = wantedVersion()
  const named = env['SALLYPORT_BICEP']
  if (named) {
    return versionOf(named) === wanted
      ? { path: named, from: 'SALLYPORT_BICEP' }
      : { path: undefined, why: `SALLYPORT_BICEP is not a Bicep CLI ${wanted}` }
  }
  const onPath = (env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, NAME))
    .find((path) => existsSync(path) && versionOf(path) === wanted)
  return onPath ? { path: onPath, from: 'PATH' } : restore(wanted, packages, env)
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

function restore(wanted: string, packages: string, env: NodeJS.ProcessEnv): Found {
  const platform = PLATFORMS[`${process.platform}-${process.arch}`]
  if (!platform) return { path: undefined, why: `NuGet has no Bicep CLI for ${process.platform}-${process.arch}` }
  const path = join(packages, `azure.bicep.commandline.${platform}`, wanted, 'tools', NAME)
  const why = existsSync(path) ? undefined : whyNotRestored(restoreArguments(packages, platform), env)
  if (why) return { path: undefined, why: `${why}. Set SALLYPORT_BICEP to a Bicep CLI ${wanted}` }
  if (!existsSync(path)) return { path: undefined, why: `NuGet's package has no ${NAME} ${wanted} where it should be` }
  chmodSync(path, 0o755)
  return { path, from: 'NuGet' }
}

function whyNotRestored(args: string[], env: NodeJS.ProcessEnv): string | undefined {
  const { status, error } = spawnSync('dotnet', args, {
    cwd: repositoryRoot,
    env: { ...env, ...QUIET },
    stdio: ['ignore', 2, 2],
  })
  if (error) return '`dotnet` could not be started'
  return status === 0 ? undefined : '`dotnet restore` failed; the lines above say why'
}

const restoreArguments = (packages: string, platform: string) => [
  'restore',
  PROJECT,
  '--verbosity=quiet',
  `-p:BicepPlatform=${platform}`,
  `-p:RestorePackagesPath=${packages}`,
  `-p:MSBuildProjectExtensionsPath=${join(packages, 'obj')}/`,
]
