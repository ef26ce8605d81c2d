/**
 * Every window of some known bytes, at every position, so that any piece of them is found wherever it lies and however it
 * was cut (D2.1). A bitmap over a hash answers most positions; the rest are looked up exactly.
 */
export class WindowIndex {
  readonly #length: number
  readonly #bits = new Uint8Array(2 ** 21)
  readonly #windows = new Set<string>()

  /** `length` at least 8: shorter windows of random bytes meet by chance. */
  constructor(length: number) {
    this.#length = length
  }

  get size(): number {
    return this.#windows.size
  }

  add(bytes: Uint8Array): void {
    const known = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    for (let at = 0; at + this.#length <= known.length; at++) {
      const slot = slotOf(known, at)
      this.#bits[slot >>> 3]! |= 1 << (slot & 7)
      this.#windows.add(known.toString("latin1", at, at + this.#length))
    }
  }

  /** How many bytes of `bytes` are covered by windows that are known. */
  coveredBytes(bytes: Uint8Array): number {
    const found = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    let covered = 0
    let coveredTo = 0
    for (let at = 0; at + this.#length <= found.length; at++) {
      const slot = slotOf(found, at)
      if ((this.#bits[slot >>> 3]! & (1 << (slot & 7))) === 0) continue
      if (!this.#windows.has(found.toString("latin1", at, at + this.#length))) continue
      const end = at + this.#length
      covered += end - Math.max(at, coveredTo)
      coveredTo = end
    }
    return covered
  }
}

/** 24 bits from the first eight bytes of the window. */
function slotOf(bytes: Buffer, at: number): number {
  const low = bytes.readInt32LE(at)
  const high = bytes.readInt32LE(at + 4)
  return (Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b)) >>> 8
}
