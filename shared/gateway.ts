import type { Config } from './config.ts'

export type Gateway = { config: Config }
