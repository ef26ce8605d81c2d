/**
 * A list that only grows. `with` gives a longer list and leaves this one as it was; while there is one line of descent, all
 * of them share one array and each sees its own length of it.
 */
export class Journal<T> {
  readonly length: number
  readonly #items: T[]

  private constructor(items: T[], length: number) {
    this.#items = items
    this.length = length
  }

  static empty<T>(): Journal<T> {
    return new Journal<T>([], 0)
  }

  at(index: number): T | undefined {
    return index >= 0 && index < this.length ? this.#items[index] : undefined
  }

  with(item: T): Journal<T> {
    // Someone else has already grown the shared array past our end: this is a second line of descent and needs its own.
    const items = this.#items.length === this.length ? this.#items : this.#items.slice(0, this.length)
    items.push(item)
    return new Journal(items, this.length + 1)
  }

  /** The last item for which the test holds, where it holds for a first part of the list and for nothing after. */
  lastWhere(test: (item: T) => boolean): T | undefined {
    let low = 0
    let high = this.length
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if (test(this.#items[middle] as T)) low = middle + 1
      else high = middle
    }
    return this.at(low - 1)
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (let i = 0; i < this.length; i++) yield this.#items[i] as T
  }
}
