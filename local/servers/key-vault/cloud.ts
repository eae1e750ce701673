import { CLOUDS, type Cloud } from '../../../shared/azure/clouds.ts'

/** The cloud that a vault's Host is of; the public one for addresses. */
export const cloudOf = (hostname: string): Cloud =>
  Object.values(CLOUDS).find(({ vaultSuffix }) => hostname.endsWith(`.${vaultSuffix}`)) ?? CLOUDS.AzurePublic

/** What a token for a vault of this cloud is asked for. */
export const resourceOf = ({ vaultSuffix }: Cloud) => `https://${vaultSuffix}`

/** The first label of a vault's Host; undefined when the Host is no vault's of any cloud. */
export function vaultName(hostname: string): string | undefined {
  const suffix = `.${cloudOf(hostname).vaultSuffix}`
  return hostname.endsWith(suffix) ? hostname.slice(0, -suffix.length) : undefined
}
