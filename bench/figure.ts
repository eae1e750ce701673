/** One line of bench/results.json. */
export type Figure = {
  what: string
  value: number
  unit: string
  goal: string
  met: boolean
  /** Smallest and largest of the rounds. */
  spread: [number, number]
  baseline: string
  /** Other things measured in the same run, for the reader. */
  notes?: Record<string, number | string>
}

/** A benchmark is data; `run` measures work and baseline in one run, interleaved. */
export type Benchmark = { id: string; what: string; run(say: (line: string) => void): Promise<Figure> }

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2
}

export const spreadOf = (values: readonly number[]): [number, number] => [Math.min(...values), Math.max(...values)]

export const round = (value: number, digits = 3) => Number(value.toFixed(digits))
