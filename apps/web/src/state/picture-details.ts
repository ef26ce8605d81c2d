// Pictures carry where and when they were taken, with which camera, and often a second picture. People send them without
// knowing. What a format holds beside the picture itself is left out before a file goes to the engine.

export type Cleaned =
  /** Nothing beside the picture was in it. */
  | { readonly kind: "clean" }
  | { readonly kind: "cleaned"; readonly parts: readonly Uint8Array<ArrayBuffer>[] }
  /** A format, or a damaged file, from which this cannot be taken out. */
  | { readonly kind: "unknown" }

type Bytes = Uint8Array<ArrayBuffer>

/** Formats that can hold such details. Others (GIF, SVG, BMP) hold none that cameras write. */
const detailed = /^image\/(?:jpeg|png|webp|avif|heic|heif|tiff|x-.*raw.*|jxl)$/

export function mayHoldDetails(type: string): boolean {
  return detailed.test(type)
}

/** Never changes what the picture looks like: colour profile and orientation stay. */
export function withoutDetails(bytes: Bytes): Cleaned {
  if (starts(bytes, [0xff, 0xd8, 0xff])) return cleanJpeg(bytes)
  if (starts(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return cleanPng(bytes)
  if (ascii(bytes, 0, 4) === "RIFF" && ascii(bytes, 8, 4) === "WEBP") return cleanWebp(bytes)
  return { kind: "unknown" }
}

function starts(bytes: Bytes, expected: readonly number[]): boolean {
  return expected.every((byte, at) => bytes[at] === byte)
}
function ascii(bytes: Bytes, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length))
}
const view = (bytes: Bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

function outcome(kept: readonly Bytes[], original: Bytes): Cleaned {
  let at = 0
  let same = true
  for (const part of kept) {
    // a part that was only passed on lies where it lay
    const passedOn = part.buffer === original.buffer && part.byteOffset === original.byteOffset + at
    same &&= passedOn || part.every((byte, n) => byte === original[at + n])
    at += part.length
  }
  return same && at === original.length ? { kind: "clean" } : { kind: "cleaned", parts: kept }
}

// ---- JPEG (ITU T.81): segments up to the first scan, then scans and further segments up to the end marker

function cleanJpeg(bytes: Bytes): Cleaned {
  const kept: Bytes[] = [bytes.subarray(0, 2)]
  let at = 2
  while (at + 4 <= bytes.length) {
    if (bytes[at] !== 0xff) return { kind: "unknown" }
    const marker = bytes[at + 1] as number
    if (marker === 0xff) {
      // a filler byte before a marker
      at += 1
      continue
    }
    const end = at + 2 + view(bytes).getUint16(at + 2)
    if (end > bytes.length || end < at + 4) return { kind: "unknown" }
    const segment = bytes.subarray(at, end)
    const orientation = marker === 0xe1 ? orientationIn(segment) : undefined
    if (orientation !== undefined && orientation > 1) kept.push(orientationSegment(orientation))
    else if (belongsToJpeg(marker, segment)) kept.push(segment)
    at = end
    if (marker === 0xda) {
      const finish = endOfJpeg(bytes, at)
      if (finish === undefined) return { kind: "unknown" }
      // what comes after the end (a preview, a short film) has details of its own
      kept.push(bytes.subarray(at, finish))
      return outcome(kept, bytes)
    }
  }
  return { kind: "unknown" }
}

function belongsToJpeg(marker: number, segment: Bytes): boolean {
  if (marker === 0xfe) return false
  if (marker < 0xe0 || marker > 0xef) return true
  if (marker === 0xe0) return ascii(segment, 4, 5) === "JFIF\0"
  if (marker === 0xe2) return ascii(segment, 4, 12) === "ICC_PROFILE\0"
  return marker === 0xee && ascii(segment, 4, 5) === "Adobe"
}

function endOfJpeg(bytes: Bytes, from: number): number | undefined {
  let at = from
  while (at + 1 < bytes.length) {
    const found = bytes.indexOf(0xff, at)
    if (found === -1 || found + 1 >= bytes.length) return undefined
    const marker = bytes[found + 1] as number
    if (marker === 0xd9) return found + 2
    // stuffed bytes, restart markers and fillers belong to the scan
    if (marker === 0 || marker === 0xff || (marker >= 0xd0 && marker <= 0xd7)) at = found + (marker === 0xff ? 1 : 2)
    else if (found + 4 > bytes.length) return undefined
    else at = found + 2 + view(bytes).getUint16(found + 2)
  }
  return undefined
}

/** The orientation in an Exif segment (TIFF tag 274): 1 to 8, undefined if there is none. */
function orientationIn(segment: Bytes): number | undefined {
  if (ascii(segment, 4, 6) !== "Exif\0\0" || segment.length < 18) return undefined
  const tiff = new DataView(segment.buffer, segment.byteOffset + 10, segment.length - 10)
  const order = tiff.getUint16(0)
  if (order !== 0x4949 && order !== 0x4d4d) return undefined
  const little = order === 0x4949
  const directory = tiff.getUint32(4, little)
  if (directory + 2 > tiff.byteLength) return undefined
  const count = tiff.getUint16(directory, little)
  for (let n = 0; n < count; n += 1) {
    const entry = directory + 2 + n * 12
    if (entry + 12 > tiff.byteLength) return undefined
    if (tiff.getUint16(entry, little) !== 0x0112) continue
    const value = tiff.getUint16(entry + 8, little)
    return value >= 1 && value <= 8 ? value : undefined
  }
  return undefined
}

/** An Exif segment that says how to turn the picture and nothing else. */
function orientationSegment(orientation: number): Bytes {
  const bytes = new Uint8Array(36)
  const data = view(bytes)
  bytes.set([0xff, 0xe1, 0, 34], 0)
  bytes.set([0x45, 0x78, 0x69, 0x66, 0, 0], 4)
  bytes.set([0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1], 10)
  data.setUint16(20, 0x0112)
  data.setUint16(22, 3)
  data.setUint32(24, 1)
  data.setUint16(28, orientation)
  return bytes
}

// ---- PNG (ISO 15948): chunks; what is needed to show the picture is a short list

const pngChunks = new Set(
  "IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP cICP mDCV cLLI sBIT bKGD pHYs acTL fcTL fdAT".split(" "),
)

function cleanPng(bytes: Bytes): Cleaned {
  const kept: Bytes[] = [bytes.subarray(0, 8)]
  let at = 8
  while (at + 12 <= bytes.length) {
    const end = at + 12 + view(bytes).getUint32(at)
    if (end > bytes.length) return { kind: "unknown" }
    const type = ascii(bytes, at + 4, 4)
    if (pngChunks.has(type)) kept.push(bytes.subarray(at, end))
    if (type === "IEND") return outcome(kept, bytes)
    at = end
  }
  return { kind: "unknown" }
}

// ---- WebP (RFC 9649): RIFF chunks; flags of the extended header say what follows

const webpChunks = new Set(["VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF", "ICCP"])

function cleanWebp(bytes: Bytes): Cleaned {
  const end = Math.min(bytes.length, 8 + view(bytes).getUint32(4, true))
  const kept: Bytes[] = []
  let at = 12
  while (at + 8 <= end) {
    const size = view(bytes).getUint32(at + 4, true)
    // the last chunk of a file may lack its byte of padding
    const next = Math.min(end, at + 8 + size + (size % 2))
    if (at + 8 + size > end) return { kind: "unknown" }
    const type = ascii(bytes, at, 4)
    if (webpChunks.has(type)) {
      const chunk = bytes.slice(at, next)
      // no Exif, no XMP
      if (type === "VP8X") chunk[8] = (chunk[8] as number) & ~0x0c
      kept.push(chunk)
    }
    at = next
  }
  const length = kept.reduce((sum, part) => sum + part.length, 0)
  const head = bytes.slice(0, 12)
  view(head).setUint32(4, 4 + length, true)
  return outcome([head, ...kept], bytes)
}
