import { createHash, randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { managedToken } from '../../../support/cloud-rotators.ts'
import { httpsCall } from '../../../support/https-call.ts'
import { rig } from '../../../support/rig.ts'

const local = rig()
const { agent } = local
const ARM = 'https://management.azure.com'
const VERSION = 'api-version=2022-04-01'
const subscription = `/subscriptions/${createHash('md5')
  .update(local.account)
  .digest('hex')
  .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')}`
const account = `${subscription}/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/${local.account}arm`
const gateway = 'd0000000-0000-4000-8000-000000000001'
const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7'
const headers = async () => ({ authorization: `Bearer ${await managedToken(local.environment, ARM)}` })

describe('Azure Resource Manager of the local clouds', () => {
  it('refuses what has no token, no version, no role and no such account, in ARM’s words', async () => {
    const url = `${ARM}${account}/listKeys?api-version=2024-01-01`
    const post = { agent, method: 'POST' }
    const code = (name: string) => ({ error: { code: name } })
    expect(await httpsCall(url, post)).toMatchObject({ status: 401, json: code('AuthenticationFailed') })
    const bare = { ...post, headers: await headers() }
    expect(await httpsCall(`${ARM}${account}/listKeys`, bare)).toMatchObject({
      status: 400,
      json: code('MissingApiVersionParameter'),
    })
    expect(await httpsCall(url, bare)).toMatchObject({ status: 403, json: code('AuthorizationFailed') })
    const operator = '81a9662b-bebf-436f-a333-f67b29880f12'
    const assignment = { name: randomUUID(), scope: subscription, principalId: gateway, roleDefinition: operator }
    await local.addClouds({ roleAssignments: [assignment] })
    expect(await httpsCall(url, bare)).toMatchObject({ status: 404, json: code('ResourceNotFound') })
    await local.addClouds({ storageAccounts: [account] })
    const { status, json } = await httpsCall(url, bare)
    expect([status, (json['keys'] as { keyName: string }[]).map(({ keyName }) => keyName)]).toEqual([
      200,
      ['key1', 'key2'],
    ])
  })

  it('lists role assignments at, above and below a scope by pages, and tells what a role may', async () => {
    const many = Array.from({ length: 120 }, () => ({
      ...{ name: randomUUID(), principalId: gateway, roleDefinition: READER },
      scope: `${subscription}/resourceGroups/g`,
    }))
    const reader = { name: randomUUID(), scope: subscription, principalId: gateway, roleDefinition: READER }
    await local.addClouds({ roleAssignments: [...many, reader] })
    const base = `${ARM}${subscription}/providers/Microsoft.Authorization`
    const names = new Set<string>()
    let url: string | undefined =
      `${base}/roleAssignments?${VERSION}&$filter=${encodeURIComponent(`principalId eq '${gateway}'`)}`
    let pages = 0
    for (; url !== undefined; pages += 1) {
      const { json } = await httpsCall(url, { agent, headers: await headers() })
      for (const { name } of json['value'] as { name: string }[]) names.add(name)
      url = json['nextLink'] as string | undefined
    }
    expect(pages).toBe(3)
    expect([...many, reader].every(({ name }) => names.has(name))).toBe(true)
    const above = await httpsCall(`${base}/roleAssignments?${VERSION}&$filter=atScope()`, {
      agent,
      headers: await headers(),
    })
    expect((above.json['value'] as { name: string }[]).some(({ name }) => name === many[0]?.name)).toBe(false)
    const role = await httpsCall(`${base}/roleDefinitions/${READER}?${VERSION}`, { agent, headers: await headers() })
    expect(role.json).toMatchObject({ properties: { roleName: 'Reader', permissions: [{ actions: ['*/read'] }] } })
  })
})
