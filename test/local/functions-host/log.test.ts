import { describe, expect, test } from 'vitest'
import { createLogger, describeError } from '../../../local/functions-host/log.ts'

describe('the log', () => {
  test('keeps to the level of the longest category that fits', () => {
    const lines: string[] = []
    const log = createLogger({ default: 'warning', Function: 'error', 'Function.tick': 'debug' }, (line) =>
      lines.push(line),
    )
    log.write('information', 'Host', 'no')
    log.write('warning', 'Function.other', 'no')
    log.write('debug', 'Function.tick.User', 'yes')
    log.write('error', 'Function.ticker', 'yes too')
    log.write('warning', 'Host', 'and this')
    expect(lines.map((line) => line.replace(/^\S+ /, ''))).toEqual([
      '[debug] Function.tick.User: yes',
      '[error] Function.ticker: yes too',
      '[warning] Host: and this',
    ])
  })

  test('without a sink nothing below a warning is enabled, so that it costs nothing', () => {
    const log = createLogger({ default: 'trace' }, undefined)
    expect([log.enabled('information', 'Function.x'), log.enabled('warning', 'Function.x')]).toEqual([false, true])
  })
})

describe('an error in the log', () => {
  test('leaves out what a JSON parser quotes of the body', () => {
    try {
      JSON.parse('{"password": hunter2')
    } catch (error) {
      expect(describeError(error)).not.toContain('hunter2')
      expect(describeError(error)).toContain('SyntaxError')
    }
  })

  test('cuts queries, so that no ?code= is written', () => {
    const described = describeError(
      new TypeError('Failed to parse URL from http://bad host/x?a=1&code=hunter2 and more'),
    )
    expect(described).not.toContain('hunter2')
    expect(described).toContain('and more')
  })

  test('names what was thrown when it is no error, never its value', () => {
    expect([describeError('hunter2'), describeError(null)]).toEqual(['threw a string', 'threw a null'])
  })
})
