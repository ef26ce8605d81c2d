import { equalBytes } from "@holdfast/wire"
import { x25519 } from "@noble/curves/ed25519.js"
import { fromBase64url, pkcs8, platformBytes, platformHas, randomBytes } from "./platform.ts"

/** X25519 (RFC 7748) over an ephemeral or a held private key. */
export interface X25519 {
  /** A fresh key pair used once: its public key and the secret shared with `peer`. */
  ephemeral(peer: Uint8Array): Promise<{ publicKey: Uint8Array; shared: Uint8Array }>
  hold(privateKey: Uint8Array): Promise<HeldX25519>
}

export interface HeldX25519 {
  readonly publicKey: Uint8Array
  agree(peer: Uint8Array): Promise<Uint8Array>
}

const p = (1n << 255n) - 19n
/** The points whose multiples are few: an agreement with them is zero, and platforms refuse it. With p and p + 1 for 0 and 1. */
const smallOrder: readonly Uint8Array[] = [
  0n,
  1n,
  p - 1n,
  p,
  p + 1n,
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
].map((u) => Uint8Array.from({ length: 32 }, (_, i) => Number((u >> BigInt(8 * i)) & 0xffn)))

/** False for a public key that no one can agree with. */
export function acceptsX25519(publicKey: Uint8Array): boolean {
  if (publicKey.length !== 32) return false
  const u = publicKey.slice()
  // The top bit is ignored (RFC 7748 section 5).
  u[31] = (u[31] as number) & 0x7f
  return !smallOrder.some((point) => equalBytes(point, u))
}

const basePoint = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 9 : 0))

export const nobleX25519: X25519 = {
  async ephemeral(peer) {
    const privateKey = randomBytes(32)
    return { publicKey: x25519.getPublicKey(privateKey), shared: x25519.getSharedSecret(privateKey, peer) }
  },
  async hold(privateKey) {
    const own = Uint8Array.from(privateKey)
    return { publicKey: x25519.getPublicKey(own), agree: async (peer) => x25519.getSharedSecret(own, peer) }
  },
}

async function agree(privateKey: CryptoKey, peer: Uint8Array): Promise<Uint8Array> {
  const other = await crypto.subtle.importKey("raw", platformBytes(peer), "X25519", false, [])
  return new Uint8Array(await crypto.subtle.deriveBits({ name: "X25519", public: other }, privateKey, 256))
}

const webX25519: X25519 = {
  async ephemeral(peer) {
    const pair = (await crypto.subtle.generateKey("X25519", true, ["deriveBits"])) as CryptoKeyPair
    const shared = agree(pair.privateKey, peer)
    return { publicKey: new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)), shared: await shared }
  },
  async hold(privateKey) {
    // Extractable, because an export gives the public key for a few microseconds where a multiplication takes sixty.
    const key = await crypto.subtle.importKey("pkcs8", pkcs8(0x6e, privateKey), "X25519", true, ["deriveBits"])
    const { x } = await crypto.subtle.exportKey("jwk", key)
    if (x === undefined) throw new Error("X25519 key without a public part")
    return { publicKey: fromBase64url(x), agree: (peer) => agree(key, peer) }
  },
}

/** The platform's X25519, or noble's where the platform has none. */
export async function platformX25519(): Promise<X25519> {
  const has = await platformHas("X25519", async () => (await webX25519.hold(basePoint)).agree(basePoint))
  return has ? webX25519 : nobleX25519
}
