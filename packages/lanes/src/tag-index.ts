import { equalBytes, tagBytes } from "@holdfast/wire"

/** Whose frame a tag announces. */
export interface TagEntry<Owner> {
  readonly tag: Uint8Array
  /** The epoch of a conversation, or whatever else waits for tags. */
  readonly owner: Owner
  readonly leaf: number
  readonly counter: number
  seen: boolean
}

/** 53 bits of the tag as a number: the cheapest key for a Map. Bytes 0 to 6, without the last three bits. */
function keyOf(bytes: Uint8Array): number {
  const high = ((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) >>> 0
  return high * 2_097_152 + (((bytes[4]! << 16) | (bytes[5]! << 8) | bytes[6]!) >>> 3)
}

/**
 * All tags that are expected next, of all conversations and epochs, in one map: a foreign frame costs one look-up (N2.5).
 * Tags are PRF outputs, so two live ones meet in 53 bits about once in 2^30 organisations' lifetimes; the later one then
 * hides the earlier, which is a lost frame and no more.
 */
export class TagIndex<Owner> {
  readonly #entryByKey = new Map<number, TagEntry<Owner>>()

  get size(): number {
    return this.#entryByKey.size
  }

  /** `bytes` is a tag or begins with one, as a frame does. */
  find(bytes: Uint8Array): TagEntry<Owner> | undefined {
    const entry = this.#entryByKey.get(keyOf(bytes))
    return entry !== undefined && equalBytes(entry.tag, bytes.subarray(0, tagBytes)) ? entry : undefined
  }

  add(entry: TagEntry<Owner>): void {
    this.#entryByKey.set(keyOf(entry.tag), entry)
  }

  remove(entry: TagEntry<Owner>): void {
    const key = keyOf(entry.tag)
    if (this.#entryByKey.get(key) === entry) this.#entryByKey.delete(key)
  }
}
