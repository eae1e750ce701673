import { anomalySection } from './anomalies.ts'
import { DAY_MS, type Facts, iso, resourceOf } from './facts.ts'
import { managedIdentities, orphans } from './identities.ts'
import { ghostReaders, undocumentedSharing, unusedPermissions } from './permissions.ts'
import { broadRoles, missingRoles } from './rbac.ts'
import { ageDays, neverRead, ownerless, pastDue, riskyPasswords, unreadable, unusedSecrets } from './secrets.ts'
import { REPORT_NAMES, type Report, type ReportName, type Section, section } from './section.ts'

const SECTIONS: Record<ReportName, readonly ((facts: Facts) => Section)[]> = {
  'access-review': [
    anomalySection,
    ghostReaders,
    undocumentedSharing,
    riskyPasswords,
    pastDue,
    ownerless,
    unusedPermissions,
    secretAges,
    unreadable,
  ],
  unused: [unusedPermissions, neverRead, unusedSecrets, unreadable],
  stragglers: [stragglers],
  identities: [managedIdentities, orphans],
  rbac: [missingRoles, broadRoles],
}

/** All reports of one look; pure. */
export const reportsOf = (facts: Facts): Report[] =>
  REPORT_NAMES.map((report) => ({
    report,
    generatedAt: new Date(facts.now).toISOString(),
    revision: facts.revision,
    sections: SECTIONS[report].map((make) => make(facts)),
  }))

/** Of runs that have published a version: who has not read it yet and holds the retirement of the old one. */
function stragglers({ rotations }: Facts): Section {
  const found = rotations.flatMap(({ document, publishedAt, stragglers }) =>
    stragglers.map((principal) => ({
      rotation: document.name,
      secret: document.secret,
      principal,
      publishedAt: iso(publishedAt ?? Number.NaN),
    })),
  )
  const meaning =
    'who read the old version in the look-back window and has not read the new one; the old one lives until they do, or until the deadline'
  return section({ id: 'stragglers', title: 'Stragglers', meaning }, found)
}

export const AGE_BANDS = [
  ['up to 30 days', 30],
  ['31 to 90 days', 90],
  ['91 to 180 days', 180],
  ['181 to 365 days', 365],
  ['over a year', Number.POSITIVE_INFINITY],
] as const

/** How old the newest versions are: what the chart shows. */
function secretAges({ secrets, now }: Facts): Section {
  const ages = secrets.flatMap((secret) => (secret.enabled ? [ageDays(secret, now) ?? -1] : []))
  const known = ages.filter((age) => age >= 0)
  const items = AGE_BANDS.map(([band, most], at) => {
    const least = AGE_BANDS[at - 1]?.[1] ?? -1
    return { band, secrets: known.filter((age) => age > least && age <= most).length }
  })
  const oldest = secrets.toSorted((one, other) => (one.created ?? now) - (other.created ?? now))[0]
  const told =
    oldest?.created === undefined
      ? ''
      : `; the oldest is ${resourceOf(oldest)} (${Math.floor((now - oldest.created) / DAY_MS)} days)`
  return section(
    {
      id: 'secret-ages',
      title: 'Ages of secrets',
      meaning: `enabled secrets by the age of their newest version${told}`,
    },
    items,
  )
}
