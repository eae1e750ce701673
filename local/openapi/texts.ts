import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryRoot } from '../repository-root.ts'

export const VERSION: string = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')).version

export const ABOUT = {
  description: [
    'A gateway that hands out scoped, short-lived tokens and Key Vault secrets to callers that pass policy.',
    'Every answer carries `X-Sallyport-Txn`, and `X-Sallyport-Receipt` where a journal entry was written.',
    'Without permission a missing thing and a forbidden one are the same 403 `access_denied`.',
    'Answers may gain members: pass over what you do not know. Requests are refused for what is not described here.',
  ].join(' '),
  license: { name: 'MIT', identifier: 'MIT' },
}
