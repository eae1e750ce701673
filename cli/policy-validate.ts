import { refuseOwn } from './own.ts'
import { documentsOf, faultLines, faultsIn } from './policy-documents.ts'
import { EXIT, type Verb } from './verb.ts'

export const policyValidate: Verb = {
  name: 'policy validate',
  usage: '[--dir DIR] [FILE…] [--issuer URL] [--gateway-vault URL]',
  summary: 'Checks policy documents, alone and together, and names every fault; talks to nobody.',
  options: { dir: { type: 'string' }, issuer: { type: 'string' }, 'gateway-vault': { type: 'string' } },
  async run(call) {
    const documents = await documentsOf(call)
    const issuer = (call.values['issuer'] ?? call.env['SALLYPORT_ISSUER'])?.toString()
    const faults = faultsIn(documents, { forbiddenIssuer: issuer, refuse: refuseOwn(call) })
    const json = { ok: faults.length === 0, documents: documents.length, faults }
    if (faults.length > 0) return { exit: EXIT.refused, json, text: faultLines(faults) }
    return { exit: EXIT.ok, json, text: [`${documents.length} documents are valid`] }
  },
}
