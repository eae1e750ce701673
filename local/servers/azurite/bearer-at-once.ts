type Authenticator = {
  prototype: { validate(request: { getHeader(name: string): string | undefined }, ...rest: unknown[]): unknown }
}

/**
 * Azurite signs each request to a table anew with every shared key it might have been signed with, a sixth of its work, before
 * it looks at the token that the request carries. A `Bearer` is no shared key: this passes it on at once. Who may do what
 * stays as it is.
 */
export async function takeBearerAtOnce(): Promise<void> {
  // @ts-expect-error the package has no types
  const loaded = (await import('azurite/dist/src/table/authentication/TableSharedKeyAuthenticator.js')) as {
    default: { default: Authenticator }
  }
  const { prototype } = loaded.default.default
  const validate = prototype.validate
  prototype.validate = function (request, ...rest) {
    // `undefined` is Azurite's word for "not mine": the next way to authenticate is tried.
    if (request.getHeader('authorization')?.startsWith('Bearer ')) return Promise.resolve(undefined)
    return validate.call(this, request, ...rest)
  }
}
