import { main } from '../../cli/main.ts'

export type Said = { exit: number; out: string; err: string }

/** Runs the command in this process, as a terminal in `cwd` would, and gives what it said. */
export async function sallyport(
  args: readonly string[],
  { cwd, ...more }: { cwd: string } & Partial<Parameters<typeof main>[1]>,
): Promise<Said> {
  const [out, err]: [string[], string[]] = [[], []]
  const exit = await main(args, {
    env: {},
    cwd,
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    ...more,
  })
  return { exit, out: out.join('\n'), err: err.join('\n') }
}
