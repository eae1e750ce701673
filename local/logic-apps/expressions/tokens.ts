import { ExpressionError } from './expression.ts'

export type Token =
  | { kind: 'name'; text: string; from: number; to: number }
  | { kind: 'number'; value: number; from: number; to: number }
  | { kind: 'string'; value: string; from: number; to: number }
  | { kind: 'sign'; text: string; from: number; to: number }

const SPACE = /\s*/y
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y
const NUMBER = /-?\d+(?:\.\d+)?(?![\w.])/y
/** A quote inside is doubled. */
const STRING = /'((?:[^']|'')*)'/y
const SIGN = /\?\.|\?\[|[.,()[\]}]/y

/** The token at a position, blanks before it passed over; undefined at the end of the text. */
export function tokenAt(text: string, position: number): Token | undefined {
  const from = position + (match(SPACE, text, position)?.[0].length ?? 0)
  if (from >= text.length) return undefined
  const name = match(NAME, text, from)
  if (name) return { kind: 'name', text: name[0], from, to: from + name[0].length }
  const number = match(NUMBER, text, from)
  if (number) return { kind: 'number', value: Number(number[0]), from, to: from + number[0].length }
  const string = match(STRING, text, from)
  if (string) {
    return { kind: 'string', value: (string[1] ?? '').replaceAll("''", "'"), from, to: from + string[0].length }
  }
  const sign = match(SIGN, text, from)
  if (sign) return { kind: 'sign', text: sign[0], from, to: from + sign[0].length }
  const what = text[from] === "'" ? 'a string without its closing quote' : `\`${text[from]}\` is not expected here`
  throw new ExpressionError(`${what}, at character ${from + 1}`)
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}
