import { APP_ROOT } from './compare.ts'

/** The keys and settings that the real host had when its answers were recorded. */
export const PROBE = {
  appRoot: APP_ROOT,
  masterKey: 'mk',
  keys: { function: ['fk'], system: ['sk'], functions: { fnonly: ['fnonlykey'], item: ['itemkey'] } },
  env: { TICK_SCHEDULE: '*/30 * * * * *', 'AzureWebJobs.dis.Disabled': 'true' },
}
