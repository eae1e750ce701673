/*
 * A gateway as functions/index.ts builds it, in a process of its own that a test kills. It takes commands as lines of JSON on
 * stdin and answers on stdout: `ticked` for each tick, `held` where it was told to stand still. Held is one rotation, at one
 * transition: `before` its state is stored, `after` it is, or `freeze`: the whole process stops (SIGSTOP), mid-step. Nothing
 * of the gateway is replaced: what is held is a request to storage that is never sent.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { writeSync } from 'node:fs'
import https from 'node:https'
import { flushCompileCache, syncBuiltinESMExports } from 'node:module'
import { createInterface } from 'node:readline'
import { loadConfig } from '../../shared/config.ts'
import { createGateway } from '../../shared/gateway.ts'
import type { Command, Hold, Told } from './rotation-processes.ts'

const tell = (told: Told) => void writeSync(1, `${JSON.stringify(told)}\n`)

type Transition = { name: string; state: string; stored: boolean }
const transitions = new AsyncLocalStorage<Transition>()
const held = new Set<string>()
let holds: Readonly<Record<string, Hold>> = {}
let shiftMs = 0

const isHoldAt = ({ name, state }: Transition) => holds[name]?.state === state

/** Whether this request is the one at which the rotation stands still. The dead stay dead: what was held goes no further. */
function holdsHere(transition: Transition, path: string): boolean {
  if (held.has(transition.name)) return true
  if (!isHoldAt(transition)) return false
  const { when } = holds[transition.name] ?? {}
  const isWrite = path.includes('$batch')
  if (when === 'before' || (when === 'after' && transition.stored)) return true
  transition.stored ||= isWrite
  return false
}

const send = https.request
https.request = ((...args: Parameters<typeof send>) => {
  const request = send(...args)
  const transition = transitions.getStore()
  if (transition && holdsHere(transition, String(request.path))) {
    request.write = () => true
    request.end = () => request
    if (!held.has(transition.name)) tell({ held: transition.name, state: transition.state })
    held.add(transition.name)
  }
  return request
}) as typeof send
syncBuiltinESMExports()

const gateway = createGateway(loadConfig(process.env), {
  now: () => Date.now() + shiftMs,
  log: ({ event, rotation, state }) => {
    if (event !== 'rotation.moved') return
    const transition = { name: String(rotation), state: String(state), stored: false }
    if (isHoldAt(transition) && holds[transition.name]?.when === 'freeze') {
      tell({ frozen: transition.name })
      process.kill(process.pid, 'SIGSTOP')
    }
    transitions.enterWith(transition)
  },
})
/** On a busy machine storage may answer later than a gateway waits; a timer would come again. */
async function insist(act: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return void (await act())
    } catch (error) {
      if (tries >= 20) throw error
    }
  }
}
await insist(gateway.policy.refresh)
// It is killed, and then would keep nothing of what it compiled.
flushCompileCache()
tell({ ready: true })

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line) as Command
  holds = command.holds ?? {}
  shiftMs = command.shiftMs
  await insist(gateway.policy.refresh)
  await insist(gateway.indexUses)
  const { due, moved, busy, failed } = await gateway.rotations.tick()
  tell({ ticked: { due, moved, busy, failed } })
}
