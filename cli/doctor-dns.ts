import { lookup } from 'node:dns/promises'
import { CLOUDS } from '../shared/azure/clouds.ts'
import { isPublicAddress } from '../shared/callbacks/public-address.ts'
import type { Config } from '../shared/config.ts'
import type { Finding } from './finding.ts'

export type LookUp = (host: string) => Promise<{ address: string }[]>

const byDns: LookUp = (host) => lookup(host, { all: true })

/** Whether every name that the gateway itself calls has an address here, and whether a private one. */
export async function checkDns(config: Config, lookUp = byDns): Promise<Finding> {
  const name = 'dns'
  if (config.local) return { name, ok: true, says: 'local servers stand in for Azure: no name is looked up' }
  const { authority } = CLOUDS[config.cloud]
  const urls = [config.tableEndpoint, config.gatewayVault, ...config.vaults.values(), authority, config.issuer]
  const hosts = [...new Set(urls.map((url) => new URL(url).hostname))]
  const found = await Promise.all(hosts.map(async (host) => ({ host, addresses: await addressesOf(host, lookUp) })))
  const unknown = found.filter(({ addresses }) => addresses.length === 0).map(({ host }) => host)
  if (unknown.length > 0) {
    const mend = 'check the names in the settings; with private endpoints link their private DNS zones to this network'
    return { name, ok: false, says: `no address for ${unknown.join(', ')}`, mend, unreachable: true }
  }
  const inside = found.filter(({ addresses }) => !addresses.some(isPublicAddress)).map(({ host }) => host)
  const says = inside.length > 0 ? `${hosts.length} names; private: ${inside.join(', ')}` : `${hosts.length} names`
  return { name, ok: true, says }
}

const addressesOf = async (host: string, lookUp: LookUp) =>
  (await lookUp(host).catch(() => [])).map(({ address }) => address)
