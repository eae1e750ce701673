import { COMPILE_CACHE } from '../../local/compile-cache.ts'

/** What a child process of a test gets besides what it is about: nothing of this process's environment. */
export const childEnvironment = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  NODE_COMPILE_CACHE: COMPILE_CACHE,
  ...environment,
})
