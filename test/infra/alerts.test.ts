import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { at, ofType } from '../../local/infra/rules/rule.ts'
import { repositoryRoot } from '../../local/repository-root.ts'
import { predicted } from './snapshots.ts'

const prod = predicted({ name: 'prod.privateData.roles.vault' })
const queries = ofType(prod, 'Microsoft.Insights/scheduledQueryRules').map((rule) => ({
  name: rule.name,
  query: String(at((at(rule, 'properties.criteria.allOf') as unknown[])[0], 'query')),
}))
const host = JSON.parse(readFileSync(join(repositoryRoot, 'host.json'), 'utf8'))

describe('an alert can fire', () => {
  it('names only events that the gateway reports', () => {
    const sources = globSync('{shared,functions}/**/*.ts', { cwd: repositoryRoot })
      .map((path) => readFileSync(join(repositoryRoot, path), 'utf8'))
      .join('\n')
    const events = queries.flatMap(({ query }) => [...query.matchAll(/"([a-z]+\.[a-z_]+)"/g)].map(([, event]) => event))
    expect(events.length).toBeGreaterThan(15)
    expect(events.filter((event) => !sources.includes(`'${event}'`))).toEqual([])
  })

  it('by requests, since all of them are recorded and a sampled one says how many it stands for', () => {
    // At any other level only requests that threw would be: a 401 or a 503 is an answer like any other to the host.
    expect(host.logging.logLevel['Host.Results']).toBe('Information')
    const byRequests = queries.filter(({ query }) => query.startsWith('AppRequests'))
    expect(byRequests.map(({ name }) => name)).toEqual(['sallyport-denial-spike', 'sallyport-server-errors'])
    expect(byRequests.filter(({ query }) => !query.includes('times = ItemCount'))).toEqual([])
  })

  it('by whoever writes policies in a transaction, whose log names no table', () => {
    const { query } = queries.find(({ name }) => name === 'sallyport-policies-written') ?? { query: '' }
    const at = query.indexOf('EntityGroupTransaction')
    expect(query.slice(at)).toMatch(/^EntityGroupTransaction" and RequesterObjectId !in .*Microsoft\.Web\/sites/)
    expect(query.slice(0, at)).not.toContain('Microsoft.Web/sites')
  })

  it('by a single line of the log: none is sampled away, and none is below the level that is kept', () => {
    expect(host.logging.applicationInsights.samplingSettings.excludedTypes.split(';')).toContain('Trace')
    expect(host.logging.logLevel.default).toBe('Information')
  })
})
