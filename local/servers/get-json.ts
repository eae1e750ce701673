import { get as httpGet } from 'node:http'
import { type Agent, get as httpsGet } from 'node:https'

const MAX_BYTES = 262_144
const TIMEOUT_MS = 5_000

/** One GET without redirects; the answer's size and time are bounded. */
export function getJson(url: string, agent: Agent): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const secure = url.startsWith('https:')
    const get = secure ? httpsGet : httpGet
    const request = get(url, { ...(secure && { agent }), timeout: TIMEOUT_MS }, async (response) => {
      try {
        if (response.statusCode !== 200) throw new Error(`${url} answered ${response.statusCode}`)
        let text = ''
        for await (const chunk of response.setEncoding('utf8')) {
          text += chunk
          if (text.length > MAX_BYTES) throw new Error(`${url} answers too much`)
        }
        resolve(JSON.parse(text))
      } catch (error) {
        request.destroy()
        reject(error)
      }
    })
    request.on('timeout', () => request.destroy(new Error(`${url} does not answer`)))
    request.on('error', reject)
  })
}
