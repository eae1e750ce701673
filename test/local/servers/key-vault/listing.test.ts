import type { SecretClient } from '@azure/keyvault-secrets'
import { beforeAll, expect, it } from 'vitest'
import { rig } from '../../../support/rig.ts'

const { operatorVault } = rig()
const names = Array.from({ length: 60 }, (_, at) => `name-${String(at).padStart(2, '0')}`)
let client: SecretClient

beforeAll(async () => {
  client = await operatorVault('main')
  await client.setSecret('first', 'primes the token')
  await Promise.all(names.map((name) => client.setSecret(name, 'x', { tags: { of: name } })))
})

it('lists every name exactly once over pages of 25, with tags and without values', async () => {
  const pages: number[] = []
  const seen: string[] = []
  for await (const page of client.listPropertiesOfSecrets().byPage()) {
    pages.push(page.length)
    for (const { name, tags, version } of page) {
      seen.push(name)
      expect(version).toBeUndefined()
      if (name !== 'first') expect(tags).toEqual({ of: name })
    }
  }
  expect(pages).toEqual([25, 25, 11])
  expect(seen).toEqual(['first', ...names])
})

it('lists in small pages, across deletions that happen meanwhile', async () => {
  const seen: string[] = []
  for await (const page of client.listPropertiesOfSecrets().byPage({ maxPageSize: 7 })) {
    expect(page.length).toBeLessThanOrEqual(7)
    seen.push(...page.map(({ name }) => name))
    if (seen.length === 7) await client.beginDeleteSecret('name-59', { intervalInMs: 20 })
  }
  expect(seen).toEqual(['first', ...names.slice(0, 59)])
})

it('gives empty pages that have a next one, as the service does', async () => {
  await Promise.all(names.slice(10, 30).map((name) => client.beginDeleteSecret(name, { intervalInMs: 20 })))
  const pages: number[] = []
  for await (const page of client.listPropertiesOfSecrets().byPage({ maxPageSize: 5 })) pages.push(page.length)
  expect(pages.slice(0, -1)).toContain(0)
  expect(pages.reduce((sum, length) => sum + length, 0)).toBe(40)
})

it('400 BadParameter: more than 25 a page', async () => {
  const pages = client.listPropertiesOfSecrets().byPage({ maxPageSize: 26 })
  await expect(pages.next()).rejects.toMatchObject({ statusCode: 400, code: 'BadParameter' })
})
