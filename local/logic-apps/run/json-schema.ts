import { isObject } from './running.ts'

/** Whether a value is as a schema says, of which `type`, `properties`, `required`, `items` and `enum` are looked at. */
export function matches(value: unknown, schema: unknown): boolean {
  if (!isObject(schema)) return true
  const { type, properties, required, items } = schema
  if (typeof type === 'string' && !isOfType(value, type)) return false
  if (Array.isArray(schema['enum']) && !schema['enum'].includes(value)) return false
  if (Array.isArray(required) && !required.every((name) => isObject(value) && Object.hasOwn(value, String(name))))
    return false
  if (isObject(properties) && isObject(value)) {
    for (const [name, one] of Object.entries(properties)) {
      if (Object.hasOwn(value, name) && !matches(value[name], one)) return false
    }
  }
  return !Array.isArray(value) || value.every((one) => matches(one, items))
}

function isOfType(value: unknown, type: string): boolean {
  if (type === 'object') return isObject(value)
  if (type === 'array') return Array.isArray(value)
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'null') return value === null
  return typeof value === type
}
