/** The `Disposable` of the core module: calls back once. */
export class Disposable {
  #callback: (() => unknown) | undefined

  constructor(callback: () => unknown) {
    this.#callback = callback
  }

  static from(...items: { dispose(): unknown }[]): Disposable {
    return new Disposable(() => {
      for (const item of items) item.dispose()
    })
  }

  dispose(): unknown {
    const callback = this.#callback
    this.#callback = undefined
    return callback?.()
  }
}
