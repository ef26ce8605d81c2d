import type { CiphersuiteImpl, CiphersuiteName, PrivateKey, PublicKey } from "ts-mls"
import { constantTimeEqual } from "ts-mls/util/constantTimeCompare.js"
import { aeadOpen, aeadSeal } from "./aead.ts"
import { makeDhKemX25519 } from "./dhkem-x25519.ts"
import { type Ed25519, ed25519 } from "./ed25519.ts"
import { type Hkdf, hkdfSha256, hkdfSha512 } from "./hkdf.ts"
import { type Hpke, makeHpke } from "./hpke.ts"
import { KemPrivateKey } from "./kem.ts"
import { nobleMlKem768, platformMlKem768 } from "./ml-kem.ts"
import { randomBytes } from "./platform.ts"
import { makeXWing } from "./x-wing.ts"
import { nobleX25519, platformX25519 } from "./x25519.ts"

/** The suite of every Holdfast group (M2.1). */
export const defaultSuiteName = "MLS_256_XWING_AES256GCM_SHA512_Ed25519"

/** A second suite, there because the MLS working group's vectors exist for it. No group of ours uses it. */
export const vectorSuiteName = "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519"

export type OurSuiteName = typeof defaultSuiteName | typeof vectorSuiteName

/** One cipher suite over the platform's cryptography. `mls` is the same, in the form ts-mls takes. */
export interface Suite {
  readonly name: OurSuiteName
  readonly hkdf: Hkdf
  readonly hpke: Hpke
  readonly ed25519: Ed25519
  readonly mls: CiphersuiteImpl
}

export type Platform = "platform" | "noble"

const suites = new Map<string, Promise<Suite>>()

/** `noble` encapsulates without the platform, for platforms without these algorithms; both give the same bytes (M2.4). */
export function suiteOf(name: OurSuiteName = defaultSuiteName, platform: Platform = "platform"): Promise<Suite> {
  const key = `${platform} ${name}`
  let suite = suites.get(key)
  if (suite === undefined) {
    suite = makeSuite(name, platform)
    suites.set(key, suite)
  }
  return suite
}

async function makeSuite(name: OurSuiteName, platform: Platform): Promise<Suite> {
  const noble = platform === "noble"
  const x25519 = noble ? nobleX25519 : await platformX25519()
  const isDefault = name === defaultSuiteName
  const hkdf = isDefault ? hkdfSha512 : hkdfSha256
  const hpke = isDefault
    ? makeHpke(makeXWing(noble ? nobleMlKem768 : await platformMlKem768(), x25519), hkdf, 32)
    : makeHpke(makeDhKemX25519(x25519), hkdf, 16)
  return { name, hkdf, hpke, ed25519, mls: toLibraryForm(name, hkdf, hpke) }
}

class KemPublicKey {
  readonly bytes: Uint8Array
  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }
}

// ts-mls types HPKE keys as CryptoKey but only ever hands them back to us; ours are our own classes.
const wrapPublic = (bytes: Uint8Array) => new KemPublicKey(bytes) as unknown as PublicKey
const wrapPrivate = (key: KemPrivateKey) => key as unknown as PrivateKey
function publicBytes(key: PublicKey): Uint8Array {
  if ((key as unknown) instanceof KemPublicKey) return (key as unknown as KemPublicKey).bytes
  throw new TypeError("not a public key of this provider")
}
function privateKey(key: PrivateKey): KemPrivateKey {
  if ((key as unknown) instanceof KemPrivateKey) return key as unknown as KemPrivateKey
  throw new TypeError("not a private key of this provider")
}

function toLibraryForm(name: CiphersuiteName, hkdf: Hkdf, hpke: Hpke): CiphersuiteImpl {
  const none = new Uint8Array()
  const { kem } = hpke
  const pair = async (key: KemPrivateKey) => ({
    privateKey: wrapPrivate(key),
    publicKey: wrapPublic(await kem.publicKeyOf(key)),
  })
  return {
    name,
    rng: { randomBytes },
    hash: {
      digest: async (bytes) => hkdf.digest(bytes),
      mac: async (key, bytes) => hkdf.mac(key, bytes),
      verifyMac: async (key, mac, bytes) => constantTimeEqual(mac, hkdf.mac(key, bytes)),
    },
    kdf: {
      size: hkdf.size,
      extract: async (salt, ikm) => hkdf.extract(salt, ikm),
      expand: async (prk, info, length) => hkdf.expand(prk, info, length),
    },
    signature: {
      sign: ed25519.sign,
      verify: ed25519.verify,
      async keygen() {
        const { publicKey, privateKey } = await ed25519.keygen()
        return { publicKey, signKey: privateKey }
      },
    },
    hpke: {
      keyLength: hpke.keyBytes,
      nonceLength: 12,
      async seal(publicKey, plaintext, info, aad = none) {
        const { enc, ciphertext } = await hpke.seal(publicBytes(publicKey), info, aad, plaintext)
        return { enc, ct: ciphertext }
      },
      open: (key, enc, ciphertext, info, aad = none) => hpke.open(privateKey(key), enc, info, aad, ciphertext),
      exportSecret: (key, context, length, info) => hpke.sendExport(publicBytes(key), info, context, length),
      importSecret: (key, context, enc, length, info) =>
        hpke.receiveExport(privateKey(key), enc, info, context, length),
      importPrivateKey: async (bytes) => wrapPrivate(kem.privateKey(bytes)),
      importPublicKey: async (bytes) => wrapPublic(bytes),
      exportPublicKey: async (key) => publicBytes(key),
      exportPrivateKey: async (key) => privateKey(key).unsafeBytes(),
      encryptAead: (key, nonce, aad = none, plaintext) => aeadSeal(key, nonce, aad, plaintext),
      decryptAead: (key, nonce, aad = none, ciphertext) => aeadOpen(key, nonce, aad, ciphertext),
      deriveKeyPair: async (ikm) => pair(await kem.derive(ikm)),
      generateKeyPair: async () => pair(await kem.generate()),
    },
  }
}
