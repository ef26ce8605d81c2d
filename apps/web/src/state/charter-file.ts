/** The charter as a file: one JSON object, each entry of the log in base64, in order. */
export function encodeCharterFile(entries: readonly Uint8Array[]): Uint8Array {
  const file = { format: "holdfast-charter-1", entries: entries.map((entry) => entry.toBase64()) }
  return new TextEncoder().encode(`${JSON.stringify(file, null, 1)}\n`)
}
