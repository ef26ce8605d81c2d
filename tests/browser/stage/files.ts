// Files to send: their bytes are unlike anything else, so that they can be searched for.
import { createCipheriv, createHash } from "node:crypto"
import { once } from "node:events"
import { createWriteStream } from "node:fs"
import { crc32, deflateSync } from "node:zlib"

/** Bytes that nothing compresses, the same for the same seed. */
export function noise(seed: string, length: number): Buffer {
  const key = createHash("sha256").update(seed).digest()
  return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(length))
}

/** Writes such bytes to a file without holding them. */
export async function writeNoise(file: string, seed: string, length: number): Promise<void> {
  const key = createHash("sha256").update(seed).digest()
  const cipher = createCipheriv("aes-256-ctr", key, Buffer.alloc(16))
  const out = createWriteStream(file)
  const zeros = Buffer.alloc(4_194_304)
  for (let left = length; left > 0; left -= zeros.length) {
    if (!out.write(cipher.update(zeros.subarray(0, Math.min(left, zeros.length))))) await once(out, "drain")
  }
  out.end()
  await once(out, "close")
}

function pngPart(kind: string, bytes: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(kind, "latin1"), bytes])
  const out = Buffer.alloc(body.length + 8)
  out.writeUInt32BE(bytes.length, 0)
  body.copy(out, 4)
  out.writeUInt32BE(crc32(body), body.length + 4)
  return out
}

/** A PNG of noise, a real picture to any browser. */
export function noisePng(seed: string, width: number, height: number): Buffer {
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, 2, 0, 0, 0], 8)
  const row = width * 3
  const pixels = noise(seed, row * height)
  const rows = Buffer.alloc((row + 1) * height)
  for (let y = 0; y < height; y++) pixels.copy(rows, y * (row + 1) + 1, y * row, (y + 1) * row)
  return Buffer.concat([
    Buffer.from("89504e470d0a1a0a", "hex"),
    pngPart("IHDR", head),
    pngPart("IDAT", deflateSync(rows)),
    pngPart("IEND", Buffer.alloc(0)),
  ])
}
