import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { readEndpoints } from '../cli/local-state.ts'
import { isFromGateway } from './is-from-gateway.mjs'

// `npm run receiver -- [--port 8443] [--state DIR]`: an https receiver of this machine for events and for `webhook` rotations of a
// local run. It checks who sent what comes, prints it without values, and answers. Not for production.
const { values } = parseArgs({ options: { port: { type: 'string', default: '8443' }, state: { type: 'string' } } })
const stateDir = resolve(values.state ?? process.env.SALLYPORT_STATE ?? '.sallyport')
const { gateway } = readEndpoints(stateDir)
const pem = (name) => readFileSync(join(stateDir, 'tls', name))

const server = createServer({ cert: pem('server.pem'), key: pem('server-key.pem') }, async (request, response) => {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  const { keys } = await (await fetch(`${gateway}/oauth2/jwks`)).json()
  const url = `https://${request.headers.host}${request.url}`
  const path = new URL(url).pathname
  if (!isFromGateway({ url, body, signature: request.headers['sallyport-signature'], keys })) {
    say(`${path}: not from the gateway`)
    response.writeHead(401).end()
    return
  }
  const { value, ...said } = JSON.parse(body.toString())
  say(`${path}: ${JSON.stringify(said)}`)
  if (said.step === undefined) response.writeHead(204).end()
  else response.writeHead(200, { 'content-type': 'application/json' }).end(answerTo(said, value))
})

/** Where it makes the values itself (`valueFrom: endpoint`), the same one for the same call. */
const made = new Map()
function answerTo({ id, step }, value) {
  if (step !== 'set' || value !== undefined) return '{}'
  if (!made.has(id)) made.set(id, randomBytes(32).toString('base64url'))
  return JSON.stringify({ value: made.get(id) })
}

function say(line) {
  process.stdout.write(`${new Date().toISOString()} ${line}\n`)
}

server.listen(Number(values.port), '127.0.0.1', () => {
  const { port } = server.address()
  say(
    `listens at https://127.0.0.1:${port} for ${gateway}, which must have been started with SALLYPORT_CALLBACK_HOSTS=127.0.0.1:${port}`,
  )
})
