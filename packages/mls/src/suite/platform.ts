/** WebCrypto takes no views on shared memory; ours never are, and this says so to the type checker in one place. */
export function platformBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes)
}

export function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(length))
}

/** PKCS #8 of a 32-byte Ed25519 (oid 0x70) or X25519 (oid 0x6e) private key: WebCrypto has no raw form for them. */
export function pkcs8(oid: 0x70 | 0x6e, privateKey: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(48)
  out.set([0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, oid, 0x04, 0x22, 0x04, 0x20])
  out.set(privateKey, 16)
  return out
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
const sextetByCode = new Uint8Array(128)
for (let i = 0; i < 64; i++) sextetByCode[alphabet.charCodeAt(i)] = i

/**
 * Of a JSON Web Key the platform made, so only its own alphabet is expected. By table: `atob` and its two replacements
 * took 40 µs of the 200 that a key of X-Wing takes.
 */
export function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(Math.floor((text.length * 3) / 4))
  let bits = 0
  let held = 0
  for (let i = 0, at = 0; i < text.length; i++) {
    held = (held << 6) | (sextetByCode[text.charCodeAt(i) & 127] as number)
    bits += 6
    if (bits < 8) continue
    bits -= 8
    out[at++] = held >> bits
    held &= (1 << bits) - 1
  }
  return out
}

/** The parts of WebCrypto that are newer than TypeScript's library (Modern Algorithms in the Web Cryptography API). */
export interface KemSubtle {
  importKey(
    format: string,
    key: BufferSource,
    algorithm: string,
    extractable: boolean,
    uses: string[],
  ): Promise<CryptoKey>
  exportKey(format: "raw-public", key: CryptoKey): Promise<ArrayBuffer>
  exportKey(format: "jwk", key: CryptoKey): Promise<JsonWebKey & { pub?: string }>
  encapsulateBits(algorithm: string, key: CryptoKey): Promise<{ sharedKey: ArrayBuffer; ciphertext: ArrayBuffer }>
  decapsulateBits(algorithm: string, key: CryptoKey, ciphertext: BufferSource): Promise<ArrayBuffer>
}

const triedByName = new Map<string, Promise<boolean>>()

/** True when the platform does what `trial` tries. Tried once, then remembered: an absent algorithm does not appear later. */
export function platformHas(name: string, trial: () => Promise<unknown>): Promise<boolean> {
  let has = triedByName.get(name)
  if (has === undefined) {
    // In a promise, because without `crypto.subtle` (an insecure page) the trial throws at once.
    has = Promise.resolve()
      .then(trial)
      .then(
        () => true,
        () => false,
      )
    triedByName.set(name, has)
  }
  return has
}
