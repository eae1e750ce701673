import type { z } from 'zod'

/**
 * Tags by which Key Vault's rotation templates say how a secret is rotated
 * (learn.microsoft.com/azure/key-vault/secrets/tutorial-rotation-dual); a secret that carries them keeps them here.
 */
export const CREDENTIAL_ID = 'CredentialId'
const PROVIDER_ADDRESS = 'ProviderAddress'
export const VALIDITY_PERIOD_DAYS = 'ValidityPeriodDays'

/** Ten years. */
const MAX_DAYS = 3_650

const RULES: Readonly<Record<string, { holds: (value: string) => boolean; allowed: string }>> = {
  [CREDENTIAL_ID]: {
    holds: (value) => /^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/.test(value),
    allowed: 'must be the name of a key, login or credential: 1 to 128 letters, digits and . _ @ -',
  },
  [PROVIDER_ADDRESS]: {
    holds: (value) =>
      /^\/subscriptions\/[0-9a-f-]{36}\/resourceGroups\/[A-Za-z0-9._()-]{1,90}\/providers\/[A-Za-z0-9._/-]{1,300}$/i.test(
        value,
      ),
    allowed: 'must be an Azure resource id: /subscriptions/…/resourceGroups/…/providers/…',
  },
  [VALIDITY_PERIOD_DAYS]: {
    holds: (value) => daysOf(value) !== undefined,
    allowed: `must be a whole number of days from 1 to ${MAX_DAYS}`,
  },
}

/** Case and spelling count: a tag that only looks like one of these would be ignored by whoever reads it. */
export function checkTemplateTags(tags: Readonly<Record<string, string>>, context: z.RefinementCtx): void {
  for (const [name, value] of Object.entries(tags)) {
    const known = Object.keys(RULES).find((rule) => rule.toLowerCase() === name.toLowerCase())
    if (known === undefined) continue
    const message = known === name ? RULES[known]?.allowed : `must be spelt ${known}`
    if (known !== name || !RULES[known]?.holds(value)) context.addIssue({ code: 'custom', path: [name], message })
  }
}

/** Days that a version is to be valid; undefined where there is no such tag, or one that says nothing. */
export const validityDays = (tags: Readonly<Record<string, string>>): number | undefined =>
  daysOf(tags[VALIDITY_PERIOD_DAYS] ?? '')

function daysOf(text: string): number | undefined {
  if (!/^[1-9][0-9]{0,3}$/.test(text)) return undefined
  const days = Number(text)
  return days <= MAX_DAYS ? days : undefined
}
