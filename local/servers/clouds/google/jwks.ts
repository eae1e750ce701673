import { join } from 'node:path'

export const GOOGLE_ISSUER = 'https://accounts.google.com'

/** Where the clouds leave what Google's issuer publishes: the identity server starts first and cannot be told an address. */
export const googleJwksPath = (cloudsFolder: string) => join(cloudsFolder, 'google-jwks.json')
