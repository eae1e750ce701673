import type { SecretRuleDocument } from '../policy/documents/secret-rule.ts'
import { DAY_MS, type Facts, iso, resourceOf, type SecretFact, UNUSED_DAYS } from './facts.ts'
import { type Section, section } from './section.ts'

type Ruled = { secret: SecretFact; resource: string; rule: SecretRuleDocument | undefined; rotated: boolean }

function ruled({ secrets, secretRules, rotations }: Facts): Ruled[] {
  const rules = new Map(secretRules.map((rule) => [`secret/${rule.secret}`, rule]))
  const rotating = new Set(rotations.map(({ document }) => `secret/${document.secret}`.toLowerCase()))
  return secrets
    .map((secret) => ({ secret, resource: resourceOf(secret) }))
    .sort((one, other) => (one.resource < other.resource ? -1 : 1))
    .map(({ secret, resource }) => ({ secret, resource, rule: rules.get(resource), rotated: rotating.has(resource) }))
}

/** Days since the newest version was made; undefined where the vault does not tell. */
export const ageDays = ({ created }: Pick<SecretFact, 'created'>, now: number) =>
  created === undefined ? undefined : Math.max(0, Math.floor((now - created) / DAY_MS))

export function neverRead(facts: Facts): Section {
  const read = new Set(facts.uses.map(({ resource }) => resource))
  const found = facts.secrets
    .filter((secret) => secret.enabled && !read.has(resourceOf(secret)))
    .map((secret) => ({ resource: resourceOf(secret), ageDays: ageDays(secret, facts.now) ?? 'unknown' }))
  const meaning =
    'enabled secrets that nobody ever read through the gateway; who reads the vault itself is not seen here'
  return section({ id: 'never-read', title: 'Secrets never read', meaning }, found)
}

export function unusedSecrets(facts: Facts): Section {
  const last = new Map<string, number>()
  for (const { resource, lastRead } of facts.uses) last.set(resource, Math.max(lastRead, last.get(resource) ?? 0))
  const found = facts.secrets
    .filter(
      (secret) =>
        secret.enabled && (last.get(resourceOf(secret)) ?? Number.POSITIVE_INFINITY) < facts.now - UNUSED_DAYS * DAY_MS,
    )
    .map((secret) => ({ resource: resourceOf(secret), lastRead: iso(last.get(resourceOf(secret)) ?? 0) }))
  const meaning = `enabled secrets that were read, but not in the last ${UNUSED_DAYS} days`
  return section({ id: 'unused-secrets', title: 'Unused secrets', meaning }, found)
}

export function pastDue(facts: Facts): Section {
  const { now } = facts
  const found = ruled(facts).flatMap(({ secret, resource, rule }) => {
    const age = ageDays(secret, now)
    const because = [
      ...(secret.expires !== undefined && secret.expires <= now ? [`expired ${iso(secret.expires)}`] : []),
      ...(rule?.maxAgeDays !== undefined && age !== undefined && age > rule.maxAgeDays
        ? [`${age} days old, at most ${rule.maxAgeDays}`]
        : []),
      ...(rule?.expiresRequired && secret.expires === undefined ? ['has no expiry and must have one'] : []),
    ]
    return secret.enabled && because.length > 0
      ? [{ resource, owner: rule?.owner ?? '', because: because.join('; ') }]
      : []
  })
  const meaning =
    'enabled secrets that have expired, are older than the maxAgeDays of their rule, or lack an expiry it asks for'
  return section({ id: 'past-due', title: 'Past due', meaning }, found)
}

export function ownerless(facts: Facts): Section {
  const found = ruled(facts)
    .filter(({ secret, rule }) => !rule && !secret.tags['owner'])
    .map(({ resource, secret }) => ({ resource, ageDays: ageDays(secret, facts.now) ?? 'unknown' }))
  const meaning = 'secrets with neither a secretRule nor a tag `owner`: nobody would be asked'
  return section({ id: 'ownerless', title: 'Without an owner', meaning }, found)
}

export function riskyPasswords(facts: Facts): Section {
  const found = ruled(facts).flatMap(({ secret, resource, rule, rotated }) => {
    const known = rule?.knownTo.length ?? 0
    // A vault tells of the newest version when it was made and when changed: a first one is as old as its secret.
    const neverRotated = !rotated && (ageDays(secret, facts.now) ?? 0) > 365
    const because = [
      ...(known > 1 ? [`known to ${known}: ${rule?.knownTo.join(', ')}`] : []),
      ...(known > 0 && !rotated ? ['seen by people and under no rotation'] : []),
      ...(neverRotated ? ['not rotated for a year'] : []),
    ]
    return because.length > 0 ? [{ resource, owner: rule?.owner ?? '', because: because.join('; ') }] : []
  })
  const meaning =
    'secrets whose rule says that several people know them, that people have seen and nothing rotates, or that are a year old and under no rotation'
  return section({ id: 'risky-passwords', title: 'Known to several people or never rotated', meaning }, found)
}

export function unreadable({ unreadableVaults }: Facts): Section {
  const meaning = 'vaults that could not be listed for this review: nothing is said of their secrets'
  return section(
    { id: 'unreadable-vaults', title: 'Vaults that did not answer', meaning },
    unreadableVaults.map((vault) => ({ vault })),
  )
}
