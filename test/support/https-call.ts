import { type Agent, request } from 'node:https'

export type Reply = {
  status: number
  headers: Record<string, string | string[] | undefined>
  text: string
  json: Record<string, unknown>
}

export type CallOptions = { agent: Agent; method?: string; headers?: Record<string, string>; body?: string }

/** One https request as it is, without any client library; `json` is `{}` when the answer is none. */
export function httpsCall(url: string, { agent, method = 'GET', headers = {}, body }: CallOptions): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, agent, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) }),
      )
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}
