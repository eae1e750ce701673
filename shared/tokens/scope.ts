/** RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ), separated by single spaces. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/

/**
 * The scope a token gets: what was asked, if the target offers all of it, else undefined (`invalid_scope`); everything the
 * target offers when nothing was asked. Order does not matter and repetition says nothing (RFC 6749 §3.3). Never widens.
 */
export function narrowScope(asked: string | undefined, offered: readonly string[]): readonly string[] | undefined {
  if (asked === undefined) return offered
  if (!SCOPE.test(asked)) return undefined
  const wanted = [...new Set(asked.split(' '))]
  return wanted.every((scope) => offered.includes(scope)) ? wanted : undefined
}
