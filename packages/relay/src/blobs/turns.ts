/** Lets work under one key happen one after the other. */
export class Turns {
  readonly #lastByKey = new Map<string, Promise<unknown>>()

  take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#lastByKey.get(key) ?? Promise.resolve()
    const done = before.then(work)
    const settled = done.catch(() => {})
    this.#lastByKey.set(key, settled)
    void settled.then(() => {
      if (this.#lastByKey.get(key) === settled) this.#lastByKey.delete(key)
    })
    return done
  }
}
