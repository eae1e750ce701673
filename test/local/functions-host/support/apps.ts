/* Small apps for tests, each one file of source; they run in a child process. */

const IMPORT = "import { app } from '@azure/functions'\n"

export const GOOD = `app.http('good', { methods: ['GET'], authLevel: 'anonymous', handler: async () => ({ body: 'good' }) })\n`

const http = (name: string, options: string) =>
  `app.http('${name}', { methods: ['GET'], authLevel: 'anonymous', handler: async () => ({ body: '${name}' }), ${options} })\n`

const timer = (name: string, schedule: string) =>
  `app.timer('${name}', { schedule: '${schedule}', handler: () => {} })\n`

/** Each leaves no function at all. */
export const LOAD_ERRORS: Record<string, string> = {
  'entry file throws after registering': "throw new Error('kaboom at load')\n",
  'same name registered twice (library throws)': GOOD,
}

/** Each puts only its own functions in error. */
export const FUNCTION_ERRORS: Record<string, string> = {
  'bad cron': timer('bad', 'every day'),
  'weekday 7': timer('badDay', '0 0 0 * * 7'),
  '%MISSING%': timer('badSetting', '%MISSING%'),
  'route starting with admin (also administer/x) or runtime':
    http('reserved', "route: 'administer/x'") +
    http('reserved2', "route: 'runtime'") +
    http('reserved3', "route: 'admin/x'"),
  'same route + overlapping method (the later name)': http('twin', "route: 'GOOD/', methods: ['POST', 'GET']"),
  'bad function name': http('1bad', "route: 'bad'") + http('bad name', "route: 'bad2'") + http('host', "route: 'bad3'"),
  'unknown authLevel': http('badLevel', "authLevel: 'nobody'"),
  'unregistered binding type': `app.storageQueue('badBinding', { queueName: 'q', connection: 'C', handler: () => {} })\n`,
}

export const appFiles = (source: string, entry = 'index.ts') => ({
  'host.json': { version: '2.0' },
  'package.json': { type: 'module', main: entry },
  [entry]: entry.endsWith('.cjs') ? `const { app } = require('@azure/functions')\n${source}` : IMPORT + source,
})
