import { generateKeyPair } from 'jose'
import { sharedOnce } from '../../shared/azure/once.ts'

/** One RS256 key pair for all who need any: to make one takes 70 ms of CPU, half of a second at worst. */
export const rsaPair = sharedOnce(() => generateKeyPair('RS256'))
