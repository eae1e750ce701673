import { connect, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type Handler, type Listener, listen } from '../../../../local/functions-host/http/listener.ts'

const listeners: Listener[] = []
afterEach(() => Promise.all(listeners.splice(0).map((listener) => listener.stop(0))))

async function open(): Promise<{ listener: Listener; url: string }> {
  const listener = await listen(0, '127.0.0.1')
  listeners.push(listener)
  return { listener, url: `http://127.0.0.1:${listener.port}/` }
}

/** Answers when told to; `arrived` tells that a request is in flight. */
function gated(): { handler: Handler; arrived: Promise<void>; release(): void } {
  const arrived = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  return {
    arrived: arrived.promise,
    release: gate.resolve,
    async handler(_request, response) {
      arrived.resolve()
      await gate.promise
      response.end('late')
    },
  }
}

const settled = (answer: Promise<Response>) =>
  answer.then(
    (response) => response.text(),
    () => 'reset',
  )

function receive(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('close', () => resolve(text))
  })
}

test('200: a request that came while the app was still loading waits for it', async () => {
  const { listener, url } = await open()
  const connected = Promise.withResolvers<void>()
  const answer = fetch(url)
  connect(listener.port, '127.0.0.1', connected.resolve).end()
  await connected.promise
  listener.serve(async (_request, response) => void response.end('ready'))
  expect(await (await answer).text()).toBe('ready')
})

test('EADDRINUSE: the port is taken', async () => {
  const { listener } = await open()
  await expect(listen(listener.port, '127.0.0.1')).rejects.toMatchObject({ code: 'EADDRINUSE' })
})

test('stop refuses new connections at once and lets what is in flight end', async () => {
  const { listener, url } = await open()
  const { handler, arrived, release } = gated()
  listener.serve(handler)
  const inFlight = settled(fetch(url))
  await arrived
  const stopped = listener.stop(60_000)
  expect([listener.stopping(), await settled(fetch(url))]).toEqual([true, 'reset'])
  release()
  await stopped
  expect(await inFlight).toBe('late')
})

test('stop resets what outlasts the drain time', async () => {
  const { listener, url } = await open()
  const { handler, arrived } = gated()
  listener.serve(handler)
  const inFlight = settled(fetch(url))
  await arrived
  await listener.stop(0)
  expect(await inFlight).toBe('reset')
})

test('a handler that fails breaks its own connection only', async () => {
  const { listener, url } = await open()
  let first = true
  listener.serve(async (_request, response) => {
    if (first) {
      first = false
      throw new Error('bug')
    }
    response.end('fine')
  })
  expect(await settled(fetch(url))).toBe('reset')
  expect(await settled(fetch(url))).toBe('fine')
})

test('400 for what is no HTTP; rubbish behind a request does not disturb its answer', async () => {
  const { listener } = await open()
  const { handler, arrived, release } = gated()
  listener.serve(handler)
  const rubbish = connect(listener.port, '127.0.0.1')
  rubbish.write('\x00\x01\r\n\r\n')
  expect(await receive(rubbish)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nContent-Length: 0\r\n/)

  const trailing = connect(listener.port, '127.0.0.1')
  trailing.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n\x00\x01\r\n\r\n')
  const answered = receive(trailing)
  await arrived
  release()
  expect(await answered).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*late/)
})
