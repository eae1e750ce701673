import { z } from 'zod'
import type { Secret } from '../../../secrets/secret.ts'
import { RotationFault } from '../../rotator.ts'

/** What the secret holds, as JSON, for whoever logs in with it. */
export const Login = z.object({
  username: z.string().min(1),
  password: z.string().min(1),
  host: z.string().optional(),
  port: z.number().optional(),
  database: z.string().optional(),
})

export type Login = z.infer<typeof Login>

/** Throws RotationFault; the parser's own error would quote the value. */
export function readLogin(value: Secret): Login {
  return value.within((text) => {
    try {
      return Login.parse(JSON.parse(text))
    } catch {
      throw new RotationFault('login_malformed', { final: true })
    }
  })
}
