const MAX_SEGMENTS = 254
const MAX_LENGTH = 1_024

/** No backslash and no percent sign: what somebody else decodes or turns round once more must not become another path. */
const SEGMENT = /^[^\\%/\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+$/u

/**
 * True for the name of a blob or directory that means the same to everybody who reads it: no empty, `.` or `..` segment,
 * none that ends in a dot or space (services trim those), one spelling of every letter (NFC), no leading or trailing
 * slash. Limits: learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata.
 */
export function isBlobPath(path: string): boolean {
  if (path.length === 0 || path.length > MAX_LENGTH || path !== path.normalize('NFC')) return false
  const segments = path.split('/')
  return segments.length <= MAX_SEGMENTS && segments.every((segment) => SEGMENT.test(segment) && !/[. ]$/.test(segment))
}
