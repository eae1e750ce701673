/** One answer of the front door; undefined when none came in time. */
export type DoorAnswer = { status: number; json: unknown } | undefined

export type FrontDoor = (path: string, token: string | undefined) => Promise<DoorAnswer>

const TIMEOUT_MS = 10_000
const MAX_CHARACTERS = 256 * 1024

/** GET as any caller from outside sends it: by name, over the network, through the host. Follows no redirect (T40). */
export function createFrontDoor(origin: string): FrontDoor {
  return async (path, token) => {
    try {
      const answer = await fetch(`${origin}${path}`, {
        redirect: 'manual',
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
      })
      const text = await answer.text()
      return { status: answer.status, json: text.length <= MAX_CHARACTERS ? parsed(text) : undefined }
    } catch {
      return undefined
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
