import { inject } from 'vitest'
import type { Endpoints } from '../../cli/local-state.ts'
import { type Callers, callersOf } from './running.ts'

/**
 * One run for all test files that change nothing but their own things in it; it starts with the first of them and ends with the
 * last test (test/support/run-keeper.ts).
 */
export async function sharedRun(): Promise<Callers> {
  const answer = await fetch(inject('sharedRun'))
  if (!answer.ok) throw new Error(await answer.text())
  const { stateDir, endpoints } = (await answer.json()) as { stateDir: string; endpoints: Endpoints }
  return callersOf(stateDir, endpoints)
}
