import { spawn } from 'node:child_process'

export type Diagnostic = { source: string; level: string; code: string; message: string }
export type Compiled = { success: boolean; diagnostics: Diagnostic[]; contents?: string }

/** One long-lived Bicep process: a process for each of many compilations would start a runtime each time. */
export type Compiler = {
  compile(path: string): Promise<Compiled>
  /** Of a parameter file. */
  compileParameters(path: string): Promise<Compiled>
  /** What a deployment would create, as JSON; throws with the compiler's own words. */
  snapshot(path: string, scope?: 'subscription' | 'group'): Promise<string>
  format(path: string): Promise<string>
  stop(): void
}

const HEADER_END = '\r\n\r\n'
/** Ids of nobody: names and ids in the snapshots are derived from them. */
const METADATA = {
  tenantId: '22222222-2222-4222-8222-222222222222',
  subscriptionId: '11111111-1111-4111-8111-111111111111',
  location: 'northeurope',
  deploymentName: 'main',
}

/** For templates of a resource group: without its name no id could be predicted. */
const IN_GROUP = { ...METADATA, resourceGroup: 'rg-example' }

type Waiting = { resolve(result: unknown): void; reject(error: Error): void }

/** Speaks JSON-RPC with `bicep jsonrpc --stdio`, framed as in the Language Server Protocol. */
export function startCompiler(path: string): Compiler {
  const child = spawn(path, ['jsonrpc', '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const waiting = new Map<number, Waiting>()
  let received = Buffer.alloc(0)
  let last = 0
  child.stdout.on('data', (bytes: Buffer) => {
    received = readMessages(Buffer.concat([received, bytes]), waiting)
  })
  child.on('close', () => {
    for (const { reject } of waiting.values()) reject(new Error('the compiler ended'))
  })
  function ask<T>(method: string, params: object): Promise<T> {
    const id = ++last
    const body = JSON.stringify({ jsonrpc: '2.0', id, method, params })
    const answer = new Promise<unknown>((resolve, reject) => waiting.set(id, { resolve, reject }))
    child.stdin.write(`Content-Length: ${Buffer.byteLength(body)}${HEADER_END}${body}`)
    return answer as Promise<T>
  }
  return {
    compile: (file) => ask('bicep/compile', { path: file }),
    compileParameters: (file) => ask('bicep/compileParams', { path: file, parameterOverrides: {} }),
    async snapshot(file, scope = 'subscription') {
      const metadata = scope === 'group' ? IN_GROUP : METADATA
      return (await ask<{ snapshot: string }>('bicep/getSnapshot', { path: file, metadata })).snapshot
    },
    format: async (file) => (await ask<{ contents: string }>('bicep/format', { path: file })).contents,
    stop: () => child.kill(),
  }
}

/** Settles what is answered, and gives the bytes of a message that has not come whole. */
function readMessages(bytes: Buffer<ArrayBuffer>, waiting: Map<number, Waiting>): Buffer<ArrayBuffer> {
  const end = bytes.indexOf(HEADER_END)
  const length = Number(/Content-Length: (\d+)/i.exec(bytes.subarray(0, Math.max(end, 0)).toString())?.[1])
  const from = end + HEADER_END.length
  if (end < 0 || bytes.length < from + length) return bytes
  const { id, result, error } = JSON.parse(bytes.subarray(from, from + length).toString())
  if (error) waiting.get(id)?.reject(new Error(error.message))
  else waiting.get(id)?.resolve(result)
  waiting.delete(id)
  return readMessages(bytes.subarray(from + length), waiting)
}
