import { hash } from "node:crypto"

const scratch = new Uint8Array(1 + 65_536)

/** As `leafHash` of the log package, by the platform: three times as fast, and every durable append pays for it. */
export function platformLeafHash(bytes: Uint8Array): Uint8Array {
  // One call over one buffer costs less than three over two, by more than the copy does.
  const input = bytes.length < scratch.length ? scratch : new Uint8Array(1 + bytes.length)
  input[0] = 0
  input.set(bytes, 1)
  return new Uint8Array(hash("sha256", input.subarray(0, 1 + bytes.length), "buffer"))
}
