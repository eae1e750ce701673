import { randomInt } from 'node:crypto'
import type { RotationDocument } from '../../policy/documents/rotation.ts'
import type { GenerateSettings } from '../../policy/documents/rotators/generate.ts'
import { Secret } from '../../secrets/secret.ts'
import type { Rotator } from '../rotator.ts'

const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const LOWER = 'abcdefghijklmnopqrstuvwxyz'
const DIGITS = '0123456789'
/** None that a shell, a URL or a connection string takes for something else than itself. */
const SYMBOLS = '!@%^*-_=+:.,~'

const ALPHABETS = {
  base64url: `${UPPER}${LOWER}${DIGITS}-_`,
  alphanumeric: `${UPPER}${LOWER}${DIGITS}`,
  hex: `${DIGITS}abcdef`,
  printable: `${UPPER}${LOWER}${DIGITS}${SYMBOLS}`,
} as const

/** A random value by a password policy. Nothing outside has to accept it, so there is nothing to set, try or end. */
export const generate: Rotator<RotationDocument & { rotator: 'generate' }> = {
  create: async ({ rotation }) => new Secret(randomValue(rotation.settings)),
  set: async () => {},
  verify: async () => {},
  retire: async () => {},
  undo: async () => {},
}

/** Every place is drawn evenly from its class and then shuffled, so that nobody can tell which place holds what. */
export function randomValue({ length, alphabet, upper, lower, digits, symbols, prefix }: GenerateSettings): string {
  const all = ALPHABETS[alphabet]
  const within = (letters: string) => [...letters].filter((letter) => all.includes(letter)).join('')
  const required: readonly [number, string][] = [
    [upper, within(UPPER)],
    [lower, within(LOWER)],
    [digits, within(DIGITS)],
    [symbols, alphabet === 'base64url' ? '-_' : within(SYMBOLS)],
  ]
  const places = required.flatMap(([count, letters]) => Array.from({ length: count }, () => pick(letters)))
  while (places.length < length) places.push(pick(all))
  return prefix + shuffled(places).join('')
}

const pick = (letters: string): string => letters[randomInt(letters.length)] ?? ''

/** Fisher and Yates. */
function shuffled(places: string[]): string[] {
  for (let at = places.length - 1; at > 0; at -= 1) {
    const other = randomInt(at + 1)
    const kept = places[at] ?? ''
    places[at] = places[other] ?? ''
    places[other] = kept
  }
  return places
}
