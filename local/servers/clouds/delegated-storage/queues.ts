import { randomUUID } from 'node:crypto'
import type { ServerAnswer, ServerRequest } from '../../http-server.ts'
import { storageAnswer, storageRefusal } from './answers.ts'
import type { FindOperation, Operation } from './operation.ts'

/** `text`: as it stands in XML. Times in milliseconds. */
type Message = { id: string; text: string; receipt: string; at: number; visibleAt: number; count: number }

type Call = { request: ServerRequest; messages: Message[]; now: number }

/** For how long a message that was taken is nobody else's. */
const TAKEN_MS = 30_000
const LIFE_MS = 7 * 86_400_000

/**
 * Put, Peek, Get, Update and Delete Message, in memory; every queue exists. Permissions:
 * learn.microsoft.com/rest/api/storageservices/create-service-sas#permissions-for-a-queue, which the user-delegation SAS shares.
 */
export function createQueues(now: () => number): FindOperation {
  const queues = new Map<string, Message[]>()
  return (request, { account, segments: [queue, messages, id, ...more] }) => {
    if (queue === undefined || messages !== 'messages' || more.length > 0) return undefined
    const name = `${account}/${queue}`
    const kept = queues.get(name) ?? []
    queues.set(name, kept)
    const call = { request, messages: kept, now: now() }
    return id === undefined ? onQueue(call) : onMessage(call, id)
  }
}

function onQueue(call: Call): Operation | undefined {
  const { method, url } = call.request
  if (method === 'POST') return { name: 'put', permissions: ['a'], run: () => put(call) }
  if (method === 'DELETE') return { name: 'clear', permissions: [], run: () => storageAnswer(call.request, 204) }
  if (method !== 'GET') return undefined
  const isPeek = url.searchParams.get('peekonly') === 'true'
  return { name: isPeek ? 'peek' : 'get', permissions: [isPeek ? 'r' : 'p'], run: () => get(call, isPeek) }
}

function onMessage(call: Call, id: string): Operation | undefined {
  const { request, messages, now } = call
  const at = messages.findIndex((one) => one.id === id && one.receipt === request.url.searchParams.get('popreceipt'))
  const found = messages[at]
  const missing = () => storageRefusal(request, 'queue', 'MessageNotFound')
  if (request.method === 'DELETE') {
    const remove = () => {
      messages.splice(at, 1)
      return storageAnswer(request, 204)
    }
    return { name: 'delete', permissions: ['p'], run: found ? remove : missing }
  }
  if (request.method !== 'PUT') return undefined
  const update = (message: Message) => {
    const visibleAt = now + Number(request.url.searchParams.get('visibilitytimeout')) * 1_000
    Object.assign(message, { text: textIn(request.body) ?? message.text, receipt: randomUUID(), visibleAt })
    const headers = {
      'x-ms-popreceipt': message.receipt,
      'x-ms-time-next-visible': new Date(message.visibleAt).toUTCString(),
    }
    return storageAnswer(request, 204, { headers })
  }
  return { name: 'update', permissions: ['u'], run: () => (found ? update(found) : missing()) }
}

const textIn = (body: string) => /<MessageText>(.*)<\/MessageText>/s.exec(body)?.[1]

function put({ request, messages, now }: Call): ServerAnswer {
  const text = textIn(request.body)
  if (text === undefined) return storageRefusal(request, 'queue', 'InvalidXmlDocument')
  const message = { id: randomUUID(), text, receipt: randomUUID(), at: now, visibleAt: now, count: 0 }
  messages.push(message)
  return storageAnswer(request, 201, { xml: list([{ ...facts(message), ...receipt(message) }]) })
}

function get({ request, messages, now }: Call, isPeek: boolean): ServerAnswer {
  const many = Number(request.url.searchParams.get('numofmessages') ?? 1)
  const taken = messages.filter(({ visibleAt }) => visibleAt <= now).slice(0, many)
  if (!isPeek) {
    for (const one of taken) {
      Object.assign(one, { count: one.count + 1, receipt: randomUUID(), visibleAt: now + TAKEN_MS })
    }
  }
  const items = taken.map((one) => ({
    ...facts(one),
    ...(!isPeek && receipt(one)),
    DequeueCount: String(one.count),
    MessageText: one.text,
  }))
  return storageAnswer(request, 200, { xml: list(items) })
}

const facts = ({ id, at }: Message) => ({
  MessageId: id,
  InsertionTime: new Date(at).toUTCString(),
  ExpirationTime: new Date(at + LIFE_MS).toUTCString(),
})

const receipt = ({ receipt: PopReceipt, visibleAt }: Message) => ({
  PopReceipt,
  TimeNextVisible: new Date(visibleAt).toUTCString(),
})

function list(messages: readonly Record<string, string>[]): string {
  const items = messages.map((message) => {
    const members = Object.entries(message).map(([name, value]) => `<${name}>${value}</${name}>`)
    return `<QueueMessage>${members.join('')}</QueueMessage>`
  })
  return `<QueueMessagesList>${items.join('')}</QueueMessagesList>`
}
