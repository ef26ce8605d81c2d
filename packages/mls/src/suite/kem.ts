/**
 * A key encapsulation mechanism as HPKE uses it (RFC 9180 section 4). Private keys are opaque handles that print as
 * nothing; their bytes are what the KEM's private key format says (X-Wing: the 32-byte seed).
 */
export interface Kem {
  readonly id: number
  readonly publicKeyBytes: number
  readonly encBytes: number
  generate(): Promise<KemPrivateKey>
  derive(ikm: Uint8Array): Promise<KemPrivateKey>
  /** Returns at once; the platform's handle is made when first used and kept while `bytes` lives. */
  privateKey(bytes: Uint8Array): KemPrivateKey
  publicKeyOf(privateKey: KemPrivateKey): Promise<Uint8Array>
  /** Whether anyone can encapsulate to it. A key that nobody can would stop every commit of the group it is in (M3.5). */
  accepts(publicKey: Uint8Array): boolean
  encap(publicKey: Uint8Array): Promise<{ sharedSecret: Uint8Array; enc: Uint8Array }>
  decap(privateKey: KemPrivateKey, enc: Uint8Array): Promise<Uint8Array>
}

/** The bytes are private to the class, so neither a log nor an inspector prints them. */
export class KemPrivateKey {
  readonly #bytes: Uint8Array
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }
  /** The same array every time: platform handles are kept by its identity. */
  unsafeBytes(): Uint8Array {
    return this.#bytes
  }
}
