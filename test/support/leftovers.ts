const leftovers = new Set<() => Promise<void>>()

/** Ends with the test file: a gateway nobody closed would poll its storage until the last file of its process. */
export const endsWithTheFile = (end: () => Promise<void>) => void leftovers.add(end)

/** Nobody waits for it: the file is over, and its servers may be gone. */
export function endLeftovers(): void {
  for (const end of leftovers) void end().catch(() => undefined)
  leftovers.clear()
}
