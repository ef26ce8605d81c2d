export interface HexRow {
  readonly offset: string
  readonly bytes: string
  readonly characters: string
}

/** Bytes as people read them: sixteen a row, with their place and the printable ASCII characters among them. */
export function hexRows(bytes: Uint8Array, perRow = 16): readonly HexRow[] {
  const rows: HexRow[] = []
  for (let at = 0; at < bytes.length; at += perRow) {
    const row = bytes.subarray(at, at + perRow)
    rows.push({
      offset: at.toString(16).padStart(6, "0"),
      bytes: Array.from(row, (byte) => byte.toString(16).padStart(2, "0")).join(" "),
      characters: Array.from(row, (byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : "·")).join(""),
    })
  }
  return rows
}
