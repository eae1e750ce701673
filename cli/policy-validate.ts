import { EXIT, type Verb } from './verb.ts'

export const policyValidate: Verb = {
  name: 'policy validate',
  usage: '[--dir DIR] [FILE…]',
  summary: 'Checks policy documents, alone and together, and names every fault.',
  options: { dir: { type: 'string' } },
  run: async () => ({ exit: EXIT.ok }),
}
