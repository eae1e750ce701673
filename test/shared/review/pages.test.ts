import { describe, expect, it } from 'vitest'
import { pagesOf } from '../../../shared/review/pages.ts'

const ORIGIN = 'https://graph.microsoft.com'
const { signal } = new AbortController()

async function walk(answers: Record<string, unknown>): Promise<{ items: unknown[]; asked: string[] }> {
  const asked: string[] = []
  const items: unknown[] = []
  const service = async (_method: string, path: string) => {
    asked.push(path)
    return answers[path]
  }
  for await (const item of pagesOf({ service, origin: ORIGIN, path: '/a', next: '@odata.nextLink', signal }))
    items.push(item)
  return { items, asked }
}
const page = (value: unknown[], link?: unknown) => ({ value, ...(link !== undefined && { '@odata.nextLink': link }) })

describe('pages of Graph and ARM', () => {
  it('are followed to the end, through empty ones', async () => {
    const { items, asked } = await walk({
      '/a': page([1], `${ORIGIN}/b?$skiptoken=x`),
      '/b?$skiptoken=x': page([], `${ORIGIN}/c`),
      '/c': page([2]),
    })
    expect(items).toEqual([1, 2])
    expect(asked).toEqual(['/a', '/b?$skiptoken=x', '/c'])
  })

  it.each([
    'https://evil.example/b',
    'http://graph.microsoft.com/b',
    'https://graph.microsoft.com.evil.example/b',
    'https://graph.microsoft.com@evil.example/b',
    'https://graph.microsoft.com:444/b',
    'https://x@graph.microsoft.com/b',
    '//evil.example/b',
    '/b',
    7,
  ])('refuses a link to %s: the token goes nowhere else (T40)', async (link) => {
    await expect(walk({ '/a': page([1], link), '/b': page([2]) })).rejects.toThrow('link_elsewhere')
  })

  it('refuses what goes round in circles, and what is no list', async () => {
    await expect(walk({ '/a': page([1], `${ORIGIN}/a`) })).rejects.toThrow('too_many_pages')
    await expect(walk({ '/a': { value: 'x' } })).rejects.toThrow('no_list')
    await expect(walk({})).rejects.toThrow('no_list')
  })
})
