/** The app cannot be hosted: nothing listens afterwards. The message says what to mend and holds no setting's value. */
export class StartError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'StartError'
  }
}
