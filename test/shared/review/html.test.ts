import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { htmlOf, REPORT_CSP } from '../../../shared/review/html.ts'
import { wantsHtml } from '../../../shared/review/request.ts'
import type { Report } from '../../../shared/review/section.ts'

const report = (text: string): Report => ({
  ...{ report: 'access-review', generatedAt: text, revision: 1 },
  sections: [
    { id: 'x', title: text, meaning: text, total: 1, items: [{ [text || 'k']: text }] },
    { id: 'secret-ages', title: 'Ages', meaning: text, total: 1, items: [{ band: text, secrets: 3 }] },
  ],
})
const TAGS = /<(\/?[a-zA-Z!][^\s>]*)/g
const tagsOf = (html: string) => [...html.matchAll(TAGS)].map(([, tag]) => tag)

describe('the page of a report (T43)', () => {
  it('property: no name, whatever it holds, adds a tag or an attribute', () => {
    const nasty = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '<script>alert(1)</script>',
        '"><img src=x onerror=alert(1)>',
        "' onload='x",
        '</style><script>',
        '</svg><script>',
        '<!--',
        ']]>',
        '&lt;script&gt;',
        '\u202Etxt.exe',
      ),
    )
    const expected = tagsOf(htmlOf(report('plain')))
    fc.assert(
      fc.property(nasty, (text) => {
        const html = htmlOf(report(text))
        expect(tagsOf(html)).toEqual(expected)
        expect((html.match(/"/g) ?? []).length).toBe((htmlOf(report('plain')).match(/"/g) ?? []).length)
      }),
    )
  })

  it('shows what is invisible or turns the direction as its code point', () => {
    expect(htmlOf(report('a\u202Eb\u0000\u2028'))).toContain('a[U+202E]b[U+0000][U+2028]')
  })

  it('brings no script, image or link, and a policy that allows its own style alone', () => {
    const html = htmlOf(report('plain'))
    expect(html).not.toMatch(/<(script|img|link|iframe|form|a)\b|\son\w+=|style=|https?:/i)
    const style = /<style>([\s\S]*)<\/style>/.exec(html)?.[1] ?? ''
    expect(REPORT_CSP).toContain(`style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`)
    expect(REPORT_CSP).toContain("default-src 'none'")
  })

  it('goes to who asks for it by name', () => {
    expect(wantsHtml(undefined, 'text/html,application/xhtml+xml;q=0.9')).toBe(true)
    expect(wantsHtml(undefined, '*/*')).toBe(false)
    expect(wantsHtml('json', 'text/html')).toBe(false)
    expect(wantsHtml('html', 'application/json')).toBe(true)
  })
})
