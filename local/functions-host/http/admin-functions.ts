import type { FailedFunction, HttpFunction, TimerFunction } from '../app/index-functions.ts'
import type { HostFacts } from './admin-host.ts'

type Context = { base: string; facts: HostFacts }

/** One function as GET /admin/functions shows it. */
export function describeFunction(
  fn: HttpFunction | TimerFunction | FailedFunction,
  { base, facts }: Context,
): Record<string, unknown> {
  const { metadata } = fn.fn
  const bindings = Object.entries(metadata.bindings).map(([name, binding]) => ({ ...binding, name }))
  const files = `${base}/admin/vfs${facts.appRoot}`
  return {
    name: fn.name,
    script_root_path_href: null,
    script_href: files,
    config_href: null,
    test_data_href: files,
    href: `${base}/admin/functions/${fn.name}`,
    invoke_url_template: 'route' in fn ? `${base}/${invokePath(fn.route, facts.routePrefix)}` : null,
    language: 'node',
    config: {
      name: fn.name,
      entryPoint: '',
      scriptFile: fn.fn.scriptFile,
      language: 'node',
      functionDirectory: facts.appRoot,
      bindings,
    },
    files: null,
    test_data: null,
    isDisabled: 'disabled' in fn && fn.disabled,
    isDirect: true,
    isProxy: false,
  }
}

function invokePath(route: string, prefix: string): string {
  return prefix === '' ? route : `${prefix}/${route}`
}
