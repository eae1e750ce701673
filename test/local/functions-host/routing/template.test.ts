import { describe, expect, test } from 'vitest'
import { matchTemplate, splitPath } from '../../../../local/functions-host/routing/match.ts'
import { parseTemplate } from '../../../../local/functions-host/routing/template.ts'
import { TemplateError } from '../../../../local/functions-host/routing/template-error.ts'

const match = (template: string, path: string) => matchTemplate(parseTemplate(template), splitPath(path))

describe('refuses a template that takes the real host down', () => {
  test.each([
    ['leading slash', '/a'],
    ['two slashes', 'api//a'],
    ['tilde', '~a'],
    ['unclosed brace', 'a/{x'],
    ['brace within braces', 'a/{x{y}'],
    ['closing brace alone', 'a/x}'],
    ['unknown constraint', 'a/{x:nope}'],
    ['constraint with a wrong argument', 'a/{x:length(abc)}'],
    ['constraint with too many arguments', 'a/{x:min(1,2)}'],
    ['argument where none belongs', 'a/{x:int(5)}'],
    ['broken regular expression', 'a/{x:regex(()}'],
    ['catch-all in the middle', 'a/{*x}/b'],
    ['catch-all beside a literal', 'a/b{*x}'],
    ['optional catch-all', 'a/{*x?}'],
    ['duplicate parameter', '{x}/{X}'],
    ['? in a literal', 'a/q?x'],
    ['no name', 'a/{}'],
    ['* in a name', 'a/{x*}'],
    ['two parameters side by side', 'a/{x}{y}'],
    ['optional with a default', 'a/{x=1?}'],
    ['optional after something else than a period', 'a/{x}-{y?}'],
  ])('%s', (_title, template) => {
    expect(() => parseTemplate(template)).toThrow(TemplateError)
  })
})

describe('matches', () => {
  test.each([
    ['hello/{name?}', '/hello', {}],
    ['hello/{name?}', '/hello/', {}],
    ['hello/{name?}', '/HELLO/X', { name: 'X' }],
    ['om/{a?}/z', '/om/1/z', { a: '1' }],
    ['def/{lang=en}', '/def', { lang: 'en' }],
    ['def/{lang=en}/{n:int=5}', '/def', { lang: 'en', n: '5' }],
    ['echo/{*rest}', '/echo', {}],
    ['echo/{*rest}', '/echo/a/b//c/', { rest: 'a/b//c/' }],
    ['echo/{**rest}', '/echo/a', { rest: 'a' }],
    ['echo/{*rest=all}', '/echo', { rest: 'all' }],
    ['{*rest}', '/', {}],
    ['f/{name}.{ext}', '/f/a.b.txt', { name: 'a.b', ext: 'txt' }],
    ['f/{name}.{ext?}', '/f/a.txt', { name: 'a', ext: 'txt' }],
    ['f/{name}.{ext?}', '/f/a', { name: 'a' }],
    ['f/v{major}.{minor}', '/f/V1.2', { major: '1', minor: '2' }],
    ['f/{a}-{b}-{c}', '/f/1-2-3-4', { a: '1-2', b: '3', c: '4' }],
    ['f/{a}bb', '/f/xbbbb', { a: 'xbb' }],
    ['x/{{y}}', '/x/{y}', {}],
    ['items/{id:int}/{slug:alpha?}', '/items/5', { id: '5' }],
    ['items/{id:int}/{slug:alpha?}', '/items/5/abc', { id: '5', slug: 'abc' }],
    ['r/{x:regex(^a{{2}}$)}', '/r/AA', { x: 'AA' }],
    ['r/{x:regex(^(a|b)$):length(1)}', '/r/b', { x: 'b' }],
    ['r/{x:min(2):max(4)}', '/r/3', { x: '3' }],
    ['trail/', '/trail', {}],
    ['a/{__proto__}', '/a/x', {}],
  ])('%s on %s', (template, path, values) => {
    expect({ ...match(template, path) }).toEqual(values)
  })
})

describe('does not match', () => {
  test.each([
    ['hello/{name?}', '/hello//'],
    ['hello/{name?}', '//hello'],
    ['hello/{name?}', '/hello/a/b'],
    ['hello', '/'],
    ['om/{a?}/z', '/om/z'],
    ['f/{name}.{ext}', '/f/abc'],
    ['f/{name}.{ext}', '/f/.txt'],
    ['f/{name}.{ext}', '/f/abc.'],
    ['f/{name}.{ext?}', '/f/a.'],
    ['f/v{major}.{minor}', '/f/xv1.2'],
    ['f/{a}bb', '/f/bb'],
    ['f/{a}bb', '/f/xbbc'],
    ['items/{id:int}/{slug:alpha?}', '/items/5/a1'],
    ['r/{x:min(2):max(4)}', '/r/5'],
    ['r/{x:regex(^a+$)}', '/r/aab'],
  ])('%s on %s', (template, path) => {
    expect(match(template, path)).toBeUndefined()
  })
})
