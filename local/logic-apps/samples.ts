import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryRoot } from '../repository-root.ts'

/** Definitions under infra/logic-apps, from there. */
export const SAMPLE_FILES = [
  'get-secret-and-call-api/workflow.json',
  'get-secret-and-call-api/workflow.handle.json',
  'on-secret-rotated/workflow.json',
  'on-secret-rotated/workflow.renew.json',
  'rotate-and-wait/workflow.json',
  'rotate-and-wait/workflow.loop.json',
  'near-expiry-to-rotation/workflow.json',
] as const

/** A fresh copy of a definition, or of the policy documents beside it. */
export const readSample = (path: string): unknown =>
  JSON.parse(readFileSync(join(repositoryRoot, 'infra/logic-apps', path), 'utf8'))
