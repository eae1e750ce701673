import { z } from 'zod'

const atLeast = z.int().min(0).max(64).default(0)

/** A random value by a password policy, for secrets whose readers all ask the gateway. */
export const GenerateSettings = z
  .strictObject({
    /** Characters; 20 of the default alphabet carry more than 128 bits. */
    length: z.int().min(16).max(512).default(40),
    /** `base64url` is safe in URLs, headers and shells; `printable` adds symbols. */
    alphabet: z.enum(['base64url', 'alphanumeric', 'hex', 'printable']).default('base64url'),
    /** How many of each class there must be; only what the alphabet has. */
    upper: atLeast,
    lower: atLeast,
    digits: atLeast,
    symbols: atLeast,
    /** Goes before the random part. */
    prefix: z
      .string()
      .max(32)
      .regex(/^[A-Za-z0-9_.-]*$/, 'must be letters, digits and _ . -')
      .default(''),
  })
  .superRefine(
    (settings, context) => {
      const { length, alphabet, upper, lower, digits, symbols } = settings
      if (upper + lower + digits + symbols > length) {
        context.addIssue({
          code: 'custom',
          path: ['length'],
          message: 'must hold all the characters that are asked for',
        })
      }
      if (alphabet === 'hex' && (upper > 0 || symbols > 0)) {
        context.addIssue({ code: 'custom', path: ['alphabet'], message: 'has no upper-case letters and no symbols' })
      }
      if (alphabet === 'alphanumeric' && symbols > 0) {
        context.addIssue({ code: 'custom', path: ['symbols'], message: 'are not in this alphabet' })
      }
    },
    { when: ({ issues }) => issues.length === 0 },
  )

export type GenerateSettings = z.infer<typeof GenerateSettings>
