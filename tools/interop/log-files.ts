import {
  type Ed25519Signer,
  encodeEntryBundle,
  formatCheckpoint,
  formatNote,
  formatTilePath,
  hashTile,
  leafHash,
  NOTE_SIGNATURE,
  noteKey,
  signNote,
  TailTree,
  tilesOf,
} from "@holdfast/log"

export function treeOf(entries: readonly Uint8Array[]): TailTree {
  const tree = new TailTree()
  for (const entry of entries) tree.append(leafHash(entry))
  return tree
}

export async function checkpointOf(
  origin: string,
  tree: TailTree,
  size: number,
  signer: Ed25519Signer,
): Promise<Uint8Array> {
  const root = tree.compactRangeAt(size).root()
  const text = formatCheckpoint({ origin, size, root, extensions: [] })
  return formatNote({
    text,
    signatures: [await signNote(text, noteKey(origin, NOTE_SIGNATURE, signer.publicKey), signer)],
  })
}

/** All hash tiles and entry bundles by path (tlog-tiles). */
export function tileFiles(entries: readonly Uint8Array[], tree: TailTree): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>()
  for (const tile of tilesOf(entries.length)) {
    const bytes =
      tile.level === "entries"
        ? encodeEntryBundle(entries.slice(tile.index * 256, tile.index * 256 + tile.width))
        : hashTile(tree.hashAt, tile.level, tile.index, tile.width)
    files.set(formatTilePath(tile), bytes)
  }
  return files
}
