import { type Constraint, createConstraint } from './constraints.ts'
import { TemplateError } from './template-error.ts'

export type Parameter = {
  kind: 'parameter'
  name: string
  optional: boolean
  catchAll: boolean
  fallback: string | undefined
  constraints: readonly Constraint[]
}

/** Parses what stands between the braces: `id:int`, `slug:alpha?`, `lang=en`, `*rest`. Throws TemplateError. */
export function parseParameter(text: string): Parameter {
  const stars = /^\*{0,2}/.exec(text)?.[0].length ?? 0
  const optional = text.endsWith('?')
  const body = text.slice(stars, optional ? -1 : undefined)
  const nameEnd = body.slice(1).search(/[:=]/) + 1 || body.length
  const name = body.slice(0, nameEnd)
  const { constraints, rest } = splitConstraints(body.slice(nameEnd))
  const fallback = rest.startsWith('=') ? rest.slice(1) : undefined

  if (name === '' || /[{}/?*]/.test(name)) throw new TemplateError(`the route parameter name '${name}' is invalid`)
  if (stars > 0 && optional) throw new TemplateError('a catch-all parameter cannot be optional')
  if (optional && fallback !== undefined) throw new TemplateError('an optional parameter cannot have a default value')
  return {
    kind: 'parameter',
    name,
    optional,
    catchAll: stars > 0,
    fallback,
    constraints: constraints.map((constraint) => createConstraint(constraint)),
  }
}

/** `:a:b(x:y)=rest`: an argument ends at the first `)` that is followed by `:`, `=` or the end. */
function splitConstraints(text: string): { constraints: string[]; rest: string } {
  const constraints: string[] = []
  let rest = text
  while (rest.startsWith(':')) {
    const found = /^:([^(:=]*\(.*?\))(?=[:=]|$)/s.exec(rest) ?? /^:([^:=]*)/s.exec(rest)
    const constraint = found?.[1] ?? ''
    constraints.push(constraint)
    rest = rest.slice(1 + constraint.length)
  }
  return { constraints, rest }
}
