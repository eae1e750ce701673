const CONNECTION_ACCOUNT = /(?:^|;)AccountName=([a-z0-9]{3,24})(?:;|$)/i
const SETTING = /^AzureWebJobsStorage(?:__(accountName|(?:blob|queue|table|file)ServiceUri))?$/i

/**
 * Storage accounts that the gateway itself lives on: that of its tables, that of the issuer's page, and those of the Functions host
 * (learn.microsoft.com/azure/azure-functions/functions-reference#connecting-to-host-storage-with-an-identity).
 */
export function readOwnAccounts(tableEndpoint: string, env: Record<string, string | undefined>): string[] {
  const named = Object.entries(env).flatMap(([name, value = '']) => {
    const [isSetting, part] = SETTING.exec(name) ?? []
    if (isSetting === undefined || value === '') return []
    if (part === undefined) return CONNECTION_ACCOUNT.exec(value)?.[1] ?? []
    return part.toLowerCase() === 'accountname' ? value : accountOf(value)
  })
  // Whoever could write the page could have any token verified as ours.
  const page = accountOf(env['SALLYPORT_ISSUER_PAGES'] ?? '')
  return [...new Set([accountOf(tableEndpoint), page, ...named].flat().map((account) => account.toLowerCase()))]
}

const accountOf = (url: string): string[] => {
  const [account] = (URL.parse(url)?.hostname ?? '').split('.')
  return account ? [account] : []
}
