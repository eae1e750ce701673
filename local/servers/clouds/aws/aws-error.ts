/** A refusal of the Query protocol. */
export class AwsError extends Error {
  readonly status: number
  readonly code: string
  readonly text: string

  constructor(status: number, code: string, text = code) {
    super(code)
    this.status = status
    this.code = code
    this.text = text
  }
}
