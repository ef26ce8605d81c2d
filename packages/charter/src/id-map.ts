import { equalBytes } from "@holdfast/wire"

/**
 * A map from byte strings that shares its parts with the maps it came from: `with` costs a few small copies however large
 * the map is, and no older map changes. Keys of any length; values come out in ascending order of their keys.
 */
export interface IdMap<V> {
  readonly size: number
  get(key: Uint8Array): V | undefined
  has(key: Uint8Array): boolean
  with(key: Uint8Array, value: V): IdMap<V>
  values(): IterableIterator<V>
}

interface Leaf<V> {
  readonly key: Uint8Array
  readonly value: V
}
/** Slot 0: the key that ends here. Slots 1 to 16: by the next half byte. */
type Branch<V> = readonly (Node<V> | undefined)[]
type Node<V> = Leaf<V> | Branch<V>

export function emptyIdMap<V>(): IdMap<V> {
  return mapOver(undefined, 0)
}

function mapOver<V>(root: Node<V> | undefined, size: number): IdMap<V> {
  const get = (key: Uint8Array) => find(root, key)?.value
  return {
    size,
    get,
    has: (key) => find(root, key) !== undefined,
    with(key, value) {
      const added = find(root, key) === undefined ? 1 : 0
      return mapOver(insert(root, { key, value }, 0), size + added)
    },
    values: () => walk(root),
  }
}

function slotOf(key: Uint8Array, depth: number): number {
  const byte = key[depth >> 1]
  if (byte === undefined) return 0
  return 1 + (depth % 2 === 0 ? byte >> 4 : byte & 15)
}

function find<V>(root: Node<V> | undefined, key: Uint8Array): Leaf<V> | undefined {
  let node = root
  for (let depth = 0; node !== undefined && isBranch(node); depth++) node = node[slotOf(key, depth)]
  return node !== undefined && equalBytes(node.key, key) ? node : undefined
}

function insert<V>(node: Node<V> | undefined, leaf: Leaf<V>, depth: number): Node<V> {
  if (node === undefined) return leaf
  if (!isBranch(node)) {
    if (equalBytes(node.key, leaf.key)) return leaf
    const split: (Node<V> | undefined)[] = new Array(17).fill(undefined)
    split[slotOf(node.key, depth)] = node
    return insert(split, leaf, depth)
  }
  const slot = slotOf(leaf.key, depth)
  const copy = node.slice()
  copy[slot] = insert(node[slot], leaf, depth + 1)
  return copy
}

function* walk<V>(node: Node<V> | undefined): IterableIterator<V> {
  if (node === undefined) return
  if (isBranch(node)) for (const child of node) yield* walk(child)
  else yield node.value
}

function isBranch<V>(node: Node<V>): node is Branch<V> {
  return Array.isArray(node)
}
