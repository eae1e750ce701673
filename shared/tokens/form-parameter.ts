import { GatewayError } from '../errors.ts'

/** The one value of a form's parameter; throws `invalid_request` when it is missing. */
export function requiredParameter(form: URLSearchParams, name: string): string {
  const value = form.get(name)
  if (value === null) throw malformedForm(name, `\`${name}\` is missing`)
  return value
}

export const malformedForm = (reason: string, detail: string) =>
  new GatewayError('invalid_request', `form_${reason}`, { detail })
