import { exporter, type Group } from "@holdfast/mls"
import {
  type Body,
  concatBytes,
  decodeFrame,
  encodeFrame,
  type LaneId,
  nonceBytes,
  padBody,
  tagBytes,
  u32be,
  unpadBody,
  utf8,
  WireError,
} from "@holdfast/wire"
import { hmac } from "@noble/hashes/hmac.js"
import { sha256 } from "@noble/hashes/sha2.js"

const tagLabel = "holdfast/tag/v1"
const frameLabel = "holdfast/frame/v1"
export const keyBytes = 32

/** The two secrets of an epoch that everybody in it shares: which frames are ours, and how to open them (N2.1). */
export interface FrameSecrets {
  readonly tagKey: Uint8Array
  readonly frameKey: Uint8Array
}

export async function frameSecretsOf(group: Group, lane: LaneId): Promise<FrameSecrets> {
  const [tagKey, frameKey] = await Promise.all([
    exporter(group, tagLabel, lane, keyBytes),
    exporter(group, frameLabel, lane, keyBytes),
  ])
  return { tagKey, frameKey }
}

/**
 * The secrets in the form they are used in. The platform's AES-GCM is used for every frame: it costs some 60 µs in place of
 * noble's 36 for the smallest class, a tenth of noble's for the largest, and its time does not depend on the key.
 */
export class FrameKeys {
  readonly secrets: FrameSecrets
  readonly #lane: LaneId
  readonly #tagMac: ReturnType<typeof hmac.create>
  #frameKey: Promise<CryptoKey> | undefined

  constructor(secrets: FrameSecrets, lane: LaneId) {
    this.secrets = secrets
    this.#lane = lane
    // Keyed once: a clone costs less than keying again for each of thousands of tags.
    this.#tagMac = hmac.create(sha256, secrets.tagKey)
  }

  /** The first 16 bytes of HMAC-SHA-256(tag key, u32 leaf ‖ u32 counter) (N2.2). */
  tag(leaf: number, counter: number): Uint8Array {
    return this.#tagMac.clone().update(u32be(leaf)).update(u32be(counter)).digest().slice(0, tagBytes)
  }

  /** A whole frame (N2.3). Throws WireError `too_large`. */
  async seal(tag: Uint8Array, body: Body, randomBytes: (length: number) => Uint8Array): Promise<Uint8Array> {
    const nonce = randomBytes(nonceBytes)
    const sealed = await crypto.subtle.encrypt(this.#algorithm(nonce, tag), await this.#key(), padBody(body))
    return encodeFrame({ tag, nonce, sealed: new Uint8Array(sealed) })
  }

  /** `undefined`: not sealed under this epoch's key for this tag, or not in the one form of a body (N2.3). */
  async open(frame: Uint8Array): Promise<Body | undefined> {
    try {
      const { tag, nonce, sealed } = decodeFrame(frame)
      const key = await this.#key()
      return unpadBody(new Uint8Array(await crypto.subtle.decrypt(this.#algorithm(nonce, tag), key, owned(sealed))))
    } catch (error) {
      if (error instanceof WireError || (error instanceof DOMException && error.name === "OperationError")) {
        return undefined
      }
      throw error
    }
  }

  #algorithm(nonce: Uint8Array, tag: Uint8Array): AesGcmParams {
    const additionalData = concatBytes(utf8(frameLabel), Uint8Array.of(0), this.#lane, tag)
    return { name: "AES-GCM", iv: owned(nonce), additionalData }
  }

  #key(): Promise<CryptoKey> {
    this.#frameKey ??= crypto.subtle.importKey("raw", owned(this.secrets.frameKey), "AES-GCM", false, [
      "encrypt",
      "decrypt",
    ])
    return this.#frameKey
  }
}

/** Nobody hands us shared memory, but the types of WebCrypto ask for the assurance. */
export function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : bytes.slice()
}
