export type FieldRange = { min: number; max: number; names?: readonly string[] }

/**
 * Values of one NCRONTAB field in ascending order (`*`, `5`, `1-5`, `10/15`, every second one, lists, names by any prefix);
 * undefined when malformed. As in NCrontab: a reversed range is turned round, a step below 1 counts as 1.
 */
export function parseField(text: string, range: FieldRange): number[] | undefined {
  const values = new Set<number>()
  for (const item of text.split(',')) {
    const span = parseItem(item, range)
    if (!span) return undefined
    for (let value = span.from; value <= span.to; value += span.step) values.add(value)
  }
  return [...values].sort((a, b) => a - b)
}

function parseItem(item: string, range: FieldRange): { from: number; to: number; step: number } | undefined {
  const [base = '', stepText, ...more] = item.split('/')
  if (more.length > 0 || (stepText !== undefined && !/^\d+$/.test(stepText))) return undefined
  const step = Math.max(1, Number(stepText ?? 1))
  if (base === '*') return { from: range.min, to: range.max, step }
  const [low = '', high, ...rest] = base.split('-')
  const first = parseValue(low, range)
  const last = high === undefined ? first : parseValue(high, range)
  if (first === undefined || last === undefined || rest.length > 0) return undefined
  if (high === undefined && stepText !== undefined) return { from: first, to: range.max, step }
  return { from: Math.min(first, last), to: Math.max(first, last), step }
}

function parseValue(text: string, { min, max, names }: FieldRange): number | undefined {
  if (/^\d+$/.test(text)) {
    const value = Number(text)
    return value >= min && value <= max ? value : undefined
  }
  const index = text === '' ? undefined : names?.findIndex((name) => name.startsWith(text.toLowerCase()))
  return index === undefined || index < 0 ? undefined : index + min
}
