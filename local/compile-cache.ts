import { join } from 'node:path'
import { repositoryRoot } from './repository-root.ts'

/**
 * Where processes of this project keep their sources compiled (`NODE_COMPILE_CACHE`): a gateway loads for a second less, Azurite for
 * half a one.
 */
export const COMPILE_CACHE = join(repositoryRoot, 'node_modules', '.cache', 'sallyport-compile')
