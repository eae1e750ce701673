import { isBoolean, isDateTime, isDecimal, isFloat, isGuid, isIntegerBetween } from './dotnet-parse.ts'
import { TemplateError } from './template-error.ts'

export type Constraint = (value: string) => boolean

const INT32 = [-(2n ** 31n), 2n ** 31n - 1n] as const
const INT64 = [-(2n ** 63n), 2n ** 63n - 1n] as const

const WITHOUT_ARGUMENT: Record<string, Constraint> = {
  int: (value) => isIntegerBetween(value, ...INT32),
  long: (value) => isIntegerBetween(value, ...INT64),
  bool: isBoolean,
  datetime: isDateTime,
  decimal: isDecimal,
  double: isFloat,
  float: isFloat,
  guid: isGuid,
  alpha: (value) => /^[a-z]*$/i.test(value),
  required: (value) => value !== '',
  file: (value) => /\.[^./]/.test(lastSegment(value)),
  nonfile: (value) => !/\.[^./]/.test(lastSegment(value)),
}

/** Makes the check of one inline constraint such as `int` or `length(1,5)`. Throws TemplateError. */
export function createConstraint(text: string): Constraint {
  const found = /^([^(]*)(?:\((.*)\))?$/s.exec(text)
  const name = (found?.[1] ?? text).toLowerCase()
  const argument = found?.[2]
  const plain = WITHOUT_ARGUMENT[name]
  if (plain && argument === undefined) return plain
  const made = argument === undefined ? undefined : withArgument(name, argument)
  if (!made) throw new TemplateError(`the inline constraint '${text}' is unknown`)
  return made
}

function withArgument(name: string, argument: string): Constraint | undefined {
  if (name === 'regex') return regex(argument)
  const numbers = argument.split(',').map((part) => integer(part))
  const [first, second] = numbers
  if (first === undefined || numbers.length > 2) return undefined
  if (name === 'length') return ({ length }) => length >= Number(first) && length <= Number(second ?? first)
  if (name === 'range' && second !== undefined) return (value) => isIntegerBetween(value, first, second)
  if (second !== undefined) return undefined
  if (name === 'minlength') return ({ length }) => length >= Number(first)
  if (name === 'maxlength') return ({ length }) => length <= Number(first)
  if (name === 'min') return (value) => isIntegerBetween(value, first, INT64[1])
  if (name === 'max') return (value) => isIntegerBetween(value, INT64[0], first)
  return undefined
}

function regex(pattern: string): Constraint {
  try {
    const compiled = new RegExp(pattern, 'i')
    return (value) => compiled.test(value)
  } catch {
    throw new TemplateError(`the regular expression of the constraint 'regex(${pattern})' is not valid`)
  }
}

function integer(text: string): bigint {
  if (!/^\s*[+-]?\d+\s*$/.test(text)) throw new TemplateError(`'${text}' is not an integer`)
  return BigInt(text.trim().replace(/^\+/, ''))
}

function lastSegment(value: string): string {
  return value.slice(value.lastIndexOf('/') + 1)
}
