type Json = Record<string, unknown>
type Schema = { properties?: Record<string, unknown>; required?: string[] }

/** A good body with one thing changed in it, for everything that its schema says about it. */
export function* changedBodies(
  good: Json,
  { properties = {}, required = [] }: Schema,
): Generator<[what: string, body: Json]> {
  for (const name of required) {
    const { [name]: _, ...rest } = good
    yield [`without ${name}`, rest]
  }
  yield ['with a field more', { ...good, undescribed: 1 }]
  for (const name of Object.keys(properties)) {
    for (const value of [null, 0, 1e9, '', 'x'.repeat(3_000), [], [0], true])
      yield [`with ${name} ${JSON.stringify(value).slice(0, 12)}`, { ...good, [name]: value }]
  }
}
