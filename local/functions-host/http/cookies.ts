import type { RpcCookie } from '../app/core-types.ts'

/** A Set-Cookie value as ASP.NET writes it: escaped value, `path=/` by default, attributes in lower case. */
export function formatCookie(cookie: RpcCookie): string {
  const parts = [`${escapeData(cookie.name)}=${escapeData(cookie.value)}`]
  const seconds = cookie.expires?.value?.seconds
  if (seconds !== undefined) parts.push(`expires=${new Date(seconds * 1000).toUTCString()}`)
  if (cookie.maxAge?.value !== undefined) parts.push(`max-age=${Math.trunc(cookie.maxAge.value)}`)
  if (cookie.domain?.value) parts.push(`domain=${cookie.domain.value}`)
  parts.push(`path=${cookie.path?.value ?? '/'}`)
  if (cookie.secure?.value) parts.push('secure')
  if (cookie.sameSite === 'lax' || cookie.sameSite === 'strict') parts.push(`samesite=${cookie.sameSite}`)
  if (cookie.sameSite === 'explicitNone') parts.push('samesite=none')
  if (cookie.httpOnly?.value) parts.push('httponly')
  return parts.join('; ')
}

/** .NET's Uri.EscapeDataString: encodeURIComponent, and !'()* too. */
function escapeData(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}
