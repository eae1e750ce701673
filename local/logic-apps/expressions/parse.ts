import { type Expression, ExpressionError, type Template } from './expression.ts'
import { type Token, tokenAt } from './tokens.ts'

/** Deeper ones are nobody's workflow, and would end in a stack overflow. */
const MAX_DEPTH = 50

/**
 * Reads a text as Logic Apps does: `@name()` is one expression, `@{…}` an expression within a text, `@@` an at sign. Throws
 * ExpressionError.
 */
export function parseTemplate(text: string): Template {
  if (text.startsWith('@') && !/^@[{@]/.test(text)) {
    const { expression, end } = parseExpression(text, 1)
    if (tokenAt(text, end)) throw new ExpressionError(`more than one expression, at character ${end + 1}`)
    return { parts: [expression], isWhole: true }
  }
  return { parts: partsOf(text.startsWith('@@') && text[2] !== '{' ? text.slice(1) : text), isWhole: false }
}

function partsOf(text: string): (string | Expression)[] {
  const parts: (string | Expression)[] = []
  let from = 0
  let plain = ''
  for (;;) {
    const at = text.indexOf('@{', from)
    if (at < 0) break
    plain += text.slice(from, at)
    if (text[at - 1] === '@' && at > from) {
      plain += '{'
      from = at + 2
      continue
    }
    const { expression, end } = parseExpression(text, at + 2)
    const close = tokenAt(text, end)
    if (close?.kind !== 'sign' || close.text !== '}') throw new ExpressionError('`@{` without its `}`')
    if (plain !== '') parts.push(plain)
    plain = ''
    parts.push(expression)
    from = close.to
  }
  plain += text.slice(from)
  return plain === '' && parts.length > 0 ? parts : [...parts, plain]
}

function parseExpression(text: string, start: number): { expression: Expression; end: number } {
  const reader = createReader(text, start)
  return { expression: readExpression(reader, 0), end: reader.position() }
}

type Reader = {
  peek(): Token | undefined
  next(): Token
  position(): number
  takes(...signs: string[]): string | undefined
}

function createReader(text: string, start: number): Reader {
  let position = start
  const peek = () => tokenAt(text, position)
  const next = () => {
    const token = peek()
    if (!token) throw new ExpressionError('the expression ends too early')
    position = token.to
    return token
  }
  const takes = (...signs: string[]) => {
    const token = peek()
    if (token?.kind !== 'sign' || !signs.includes(token.text)) return undefined
    position = token.to
    return token.text
  }
  return { peek, next, takes, position: () => position }
}

function readExpression(reader: Reader, depth: number): Expression {
  if (depth > MAX_DEPTH) throw new ExpressionError('the expression is nested too deeply')
  let expression = readPrimary(reader, depth)
  for (;;) {
    const sign = reader.takes('.', '?.', '[', '?[')
    if (!sign) return expression
    const safe = sign.startsWith('?')
    if (sign.endsWith('.')) {
      const name = reader.next()
      if (name.kind !== 'name') throw new ExpressionError(`a name must follow the dot, at character ${name.from + 1}`)
      expression = { kind: 'member', of: expression, key: { kind: 'literal', value: name.text }, safe }
    } else {
      const key = readExpression(reader, depth + 1)
      if (!reader.takes(']')) throw new ExpressionError('`[` without its `]`')
      expression = { kind: 'member', of: expression, key, safe }
    }
  }
}

const WORDS: Record<string, boolean | null> = { true: true, false: false, null: null }

function readPrimary(reader: Reader, depth: number): Expression {
  const token = reader.next()
  if (token.kind === 'string' || token.kind === 'number') return { kind: 'literal', value: token.value }
  if (token.kind === 'sign')
    throw new ExpressionError(`\`${token.text}\` is not expected at character ${token.from + 1}`)
  const word = WORDS[token.text.toLowerCase()]
  if (word !== undefined) return { kind: 'literal', value: word }
  if (!reader.takes('(')) throw new ExpressionError(`\`${token.text}\` is no function call: \`(\` is missing`)
  const args: Expression[] = []
  if (!reader.takes(')')) {
    do args.push(readExpression(reader, depth + 1))
    while (reader.takes(','))
    if (!reader.takes(')')) throw new ExpressionError(`\`${token.text}(\` without its \`)\``)
  }
  return { kind: 'call', name: token.text.toLowerCase(), args }
}
