import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseDocument } from '../../../../shared/policy/documents/document.ts'
import { loadDocuments } from '../../../../shared/policy/load-documents.ts'
import { role } from '../../../support/policy/documents.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'policies-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

const write = (name: string, content: string | Buffer) => writeFile(join(folder, name), content)

describe('loadDocuments', () => {
  it('reads files of one document and of many, in the order of names, and nothing but .json', async () => {
    await write('b.json', JSON.stringify([role('b'), role('c')]))
    await write('a.json', JSON.stringify(role('a')))
    await write('README.md', 'no document')
    expect(await loadDocuments(folder)).toEqual([role('a'), role('b'), role('c')])
  })

  it.each([
    ['malformed JSON', '{"kind":', 'is not JSON'],
    ['JSON with comments', '{} // x', 'is not JSON'],
    ['an empty file', '', 'is not JSON'],
    ['a duplicate key', '{"kind":"role","kind":"statement"}', 'holds a key twice in one object'],
    ['a duplicate key in other letters', '{"kind":"role","\\u006bind":"statement"}', 'holds a key twice in one object'],
    [
      '__proto__',
      '{"kind":"role","__proto__":{"x":1}}',
      'holds a key that is not allowed anywhere (__proto__, constructor, prototype)',
    ],
    ['nesting', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'is nested too deeply'],
  ])('T30: refuses %s', async (_name, content, fault) => {
    await write('x.json', content)
    await expect(loadDocuments(folder)).rejects.toThrow(fault)
  })

  it('refuses what is not UTF-8', async () => {
    await write('x.json', Buffer.from([0x22, 0xff, 0x22]))
    await expect(loadDocuments(folder)).rejects.toThrow('is not UTF-8')
  })
})

describe('parseDocument', () => {
  it('T30: is not polluted and does not overflow, whatever it is given', () => {
    let deep: unknown = {}
    for (let at = 0; at < 10_000; at++) deep = { when: deep }
    for (const value of [
      deep,
      { kind: 'role', name: deep, actions: deep },
      JSON.parse('{"__proto__":{"kind":"role"}}'),
      null,
      undefined,
      () => {},
    ]) {
      expect(parseDocument(value).ok).toBe(false)
    }
    expect(({} as Record<string, unknown>)['kind']).toBeUndefined()
  })

  it('refuses a document longer than a table row takes', () => {
    const resources = Array.from({ length: 500 }, (_, at) => `secret/main/${'x'.repeat(300)}-${at}`)
    const large = {
      kind: 'statement',
      id: 's',
      effect: 'permit',
      principals: [{ any: true, explicit: true }],
      roles: ['r'],
      resources,
    }
    expect(parseDocument(large)).toMatchObject({ ok: false, faults: [{ pointer: '' }] })
  })
})
