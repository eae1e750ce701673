import { expect, test } from 'vitest'
import { createConstraint } from '../../../../local/functions-host/routing/constraints.ts'

/** What .NET's TryParse takes (invariant culture) and what not. */
test.each<[constraint: string, taken: string[], refused: string[]]>([
  [
    'int',
    ['0', '-5', '+5', ' 5', '5 ', '2147483647', '-2147483648'],
    ['', '5.0', '1,000', '0x5', '2147483648', '5 5', '--5'],
  ],
  ['long', ['9223372036854775807'], ['9223372036854775808', 'a']],
  ['bool', ['true', 'True', ' FALSE '], ['1', 'yes', '']],
  ['decimal', ['1', '1.5', '-1,000.25', '.5', '5.', '5-'], ['1e5', '.', '', 'NaN', '79228162514264337593543950336']],
  ['double', ['1', '1.5e10', '-1,000', 'NaN', '-Infinity', '1E+5'], ['e5', '', '0x1', '1e']],
  ['float', ['1.5'], ['one']],
  [
    'guid',
    [
      '6f9619ff-8b86-d011-b42d-00c04fc964ff',
      '6F9619FF8B86D011B42D00C04FC964FF',
      '{6f9619ff-8b86-d011-b42d-00c04fc964ff}',
      '(6f9619ff-8b86-d011-b42d-00c04fc964ff)',
    ],
    ['x', '{6f9619ff-8b86-d011-b42d-00c04fc964ff)', '6f9619ff-8b86-d011-b42d00c04fc964ff'],
  ],
  [
    'datetime',
    [
      '2020-01-02',
      '2020-02-29',
      '2020-01-02T03:04:05Z',
      '2020-01-02 03:04',
      '1/31/2020',
      '12:30',
      '1:30 PM',
      '2020/1/2',
    ],
    ['nope', '2021-02-29', '31/1/2020', '2020-13-01', '25:00', '13:00 PM', '2020-01-02T24:00'],
  ],
  ['alpha', ['abc', 'ABC', ''], ['a1', 'é']],
  ['length(3)', ['abc', 'ébc'], ['ab', 'abcd']],
  ['length(1,2)', ['a', 'ab'], ['', 'abc']],
  ['minlength(2)', ['ab'], ['a']],
  ['maxlength(2)', ['', 'ab'], ['abc']],
  ['min(-1)', ['-1', '5'], ['-2', 'x']],
  ['max(4)', ['4', '-9'], ['5', '']],
  ['range(1,10)', ['1', '10', '+5', '05'], ['0', '11', '5.0']],
  ['regex(^a+$)', ['a', 'AAA'], ['', 'ab']],
  ['required', ['x'], ['']],
  ['file', ['a/b.txt'], ['a.b/c', '.']],
  ['nonfile', ['a.b/c'], ['a/b.txt']],
])('%s takes what ASP.NET takes', (text, taken, refused) => {
  const holds = createConstraint(text)
  expect([taken.filter((value) => !holds(value)), refused.filter((value) => holds(value))]).toEqual([[], []])
})
