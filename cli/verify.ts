import { auditVerify } from './audit-verify.ts'
import { deployedEndpoint } from './connect.ts'
import { answerOf, type Finding } from './finding.ts'
import { textOption } from './gateway/arguments.ts'
import { GATEWAY_OPTIONS, GATEWAY_USAGE, gatewayOf, openGateway } from './gateway/gateway.ts'
import { type Call, CliError, EXIT, type Verb } from './verb.ts'
import {
  anonymousIsRefused,
  attempt,
  isHealthy,
  keysArePublic,
  secretIsRead,
  secretIsRefused,
} from './verify-checks.ts'

export const verify: Verb = {
  name: 'verify',
  usage: `--secret VAULT/NAME --denied VAULT/NAME ${GATEWAY_USAGE} [--table-endpoint URL --gateway-vault URL] [--json]`,
  summary:
    'Asks a gateway from outside whether it works: health, keys, a refusal without a token, a token, a secret that is read and one that is refused, the journal.',
  options: {
    ...GATEWAY_OPTIONS,
    secret: { type: 'string' },
    denied: { type: 'string' },
    'gateway-vault': { type: 'string' },
  },
  async run(call) {
    const { base, deployed } = gatewayOf(call)
    const [secret, denied] = ['secret', 'denied'].map((option) => pathOf(call, option))
    const outside = [await isHealthy(base), ...(await keysArePublic(base)), await anonymousIsRefused(base)]
    const inside = await asCaller(call, { secret, denied })
    return answerOf([...outside, ...inside, await journalIsRight(call, deployed)])
  },
}

/** Throws CliError `usage`: without both, neither a yes nor a no of the policies would be seen. */
function pathOf(call: Call, option: string): string {
  const [, vault, name] = /^([^/]+)\/([^/]+)$/.exec(textOption(call, option) ?? '') ?? []
  if (!vault || !name)
    throw new CliError(EXIT.usage, `--${option} VAULT/NAME: a secret that the caller may ${MAY[option]}`)
  return `/v1/secrets/${encodeURIComponent(vault)}/${encodeURIComponent(name)}`
}

const MAY: Record<string, string> = { secret: 'read', denied: 'not read' }

async function asCaller(
  call: Call,
  { secret = '', denied = '' }: { secret: string | undefined; denied: string | undefined },
): Promise<Finding[]> {
  const token = await attempt('token', 'sign in (az login), or --token-file', async () => {
    const gateway = await openGateway(call)
    const { json } = await gateway({ path: '/v1/whoami' })
    return { gateway, says: `the gateway takes the caller for ${json['principal']}` }
  })
  if (!('gateway' in token)) return [token]
  const { gateway, ...finding } = token
  return [finding, await secretIsRead(gateway, secret), await secretIsRefused(gateway, denied)]
}

/** By whoever may read storage and the gateway's vault, who is seldom the caller above: a deployed journal is looked at when it is named. */
async function journalIsRight(call: Call, deployed: boolean): Promise<Finding> {
  if (deployed && deployedEndpoint(call) === undefined) {
    return { name: 'journal', ok: true, says: 'not looked at: --table-endpoint and --gateway-vault name it' }
  }
  return attempt('journal', 'docs/journal.md, "Verifying", says what each finding means', async () => {
    const { exit, text = [] } = await auditVerify.run(call)
    if (exit !== EXIT.ok) throw new CliError(EXIT.refused, text.join('; '))
    return { says: text[0] ?? '' }
  })
}
