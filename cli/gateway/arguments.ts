import { type Call, CliError, EXIT } from '../verb.ts'

/** The only argument that is no option. Throws CliError `usage` where it is missing or not alone. */
export function onlyArgument({ positionals }: Call, what: string): string {
  const [argument, ...more] = positionals
  if (argument === undefined || argument === '' || more.length > 0)
    throw new CliError(EXIT.usage, `one argument: ${what}`)
  return argument
}

export function noArgument({ positionals }: Call): void {
  if (positionals.length > 0) throw new CliError(EXIT.usage, `\`${positionals[0]}\`: there are only options`)
}

/** `main/stripe-api-key` as the two parts of a path. */
export function secretPath(call: Call): string {
  const [vault, name, ...more] = onlyArgument(call, 'VAULT/NAME, such as main/stripe-api-key').split('/')
  if (!vault || !name || more.length > 0) throw new CliError(EXIT.usage, 'VAULT/NAME, such as main/stripe-api-key')
  return `/v1/secrets/${encodeURIComponent(vault)}/${encodeURIComponent(name)}`
}

export const textOption = ({ values }: Call, name: string): string | undefined => values[name]?.toString()

/** Every value of an option that may be given more than once. */
export const listOption = ({ values }: Call, name: string): string[] => [values[name] ?? []].flat().map(String)

export function numberOption(call: Call, name: string): number | undefined {
  const text = textOption(call, name)
  if (text === undefined) return undefined
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new CliError(EXIT.usage, `--${name}: a whole number from 1`)
  return Number(text)
}
