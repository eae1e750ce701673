/**
 * What the gateway's own identity may never hand out a token for, in any cloud and any spelling: vaults, storage, resource
 * management and directory, through which a holder would be the gateway; and the audience by which its identity is trusted
 * by applications. Asked when a document is checked and again when a token is made (T7).
 */
export function isOwnResource(resource: string): boolean {
  const text = plain(resource)
  if (APPLICATIONS.some((id) => text.includes(id)) || text.includes('azureadtokenexchange')) return true
  const host = hostOf(text)
  return HOSTS.some((own) => host === own || host.endsWith(`.${own}`))
}

/** Every DNS suffix covers the service's audience and each account under it; test/…/own-resources.test.ts holds them against the clouds' table. */
const HOSTS = [
  ...['vault.azure.net', 'vault.azure.cn', 'vault.usgovcloudapi.net', 'vault.microsoftazure.de'],
  ...['managedhsm.azure.net', 'managedhsm.azure.cn', 'managedhsm.usgovcloudapi.net'],
  ...['storage.azure.com', 'storage.azure.net', 'core.windows.net', 'core.chinacloudapi.cn', 'core.usgovcloudapi.net'],
  ...['core.cloudapi.de', 'management.azure.com', 'management.chinacloudapi.cn', 'management.usgovcloudapi.net'],
  ...['management.microsoftazure.de', 'graph.microsoft.com', 'graph.microsoft.us', 'dod-graph.microsoft.us'],
  ...['microsoftgraph.chinacloudapi.cn', 'graph.microsoft.de', 'graph.windows.net', 'graph.chinacloudapi.cn'],
  ...['graph.microsoftazure.us', 'graph.cloudapi.de'],
]

/** The same services by application id: Key Vault, Storage, Resource Manager, Microsoft Graph, Azure AD Graph, token exchange. */
const APPLICATIONS = [
  'cfa8b339-82a2-471a-a3c9-0fc0be7a4093',
  'e406a681-f3d4-42a8-90b6-c2b029497af1',
  '797f4846-ba00-4fd7-ba43-dac1f8f63013',
  '00000003-0000-0000-c000-000000000000',
  '00000002-0000-0000-c000-000000000000',
  'fb60f99c-7a34-4190-8149-302f77469936',
]

/** Wide and composed letters, case, percent-encoding and blanks undone; what cannot be decoded stays. */
function plain(resource: string): string {
  let text = resource.normalize('NFKC')
  for (let round = 0; round < 3; round += 1) {
    try {
      text = decodeURIComponent(text)
    } catch {
      break
    }
  }
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s\p{C}]/gu, '')
    .replaceAll('。', '.')
}

/** The host that any reader might see: what follows the scheme, user information, port and final dots taken off. */
function hostOf(text: string): string {
  const authority =
    text
      .replace(/^[a-z][a-z0-9+.-]*:/, '')
      .replace(/^[/\\]+/, '')
      .split(/[/\\?#]/)[0] ?? ''
  const host = authority.split('@').at(-1) ?? ''
  return host.replace(/:\d*$/, '').replace(/\.+$/, '')
}
