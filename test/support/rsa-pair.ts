import { generateKeyPair } from 'jose'

let pair: ReturnType<typeof generateKeyPair> | undefined

/** One RS256 key pair for all who need any: to make one takes 70 ms of CPU, half of a second at worst. */
export function rsaPair(): ReturnType<typeof generateKeyPair> {
  pair ??= generateKeyPair('RS256')
  return pair
}
