import { setTimeout as wait } from 'node:timers/promises'

const STEP_MS = 8
const MAX_MS = 100

/** A random pause that grows with each try, so that those who collided do not collide again. */
export const jitter = (tries: number) => wait(Math.random() * Math.min(MAX_MS, STEP_MS * tries))
