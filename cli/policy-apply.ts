import { EXIT, type Verb } from './verb.ts'

export const policyApply: Verb = {
  name: 'policy apply',
  usage: '[--dir DIR] [FILE…]',
  summary: 'Makes the documents the set in force.',
  options: { dir: { type: 'string' } },
  run: async () => ({ exit: EXIT.ok }),
}
