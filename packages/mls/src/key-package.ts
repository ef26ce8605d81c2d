import { concatBytes, equalBytes } from "@holdfast/wire"
import type { KeyPackage } from "ts-mls"
import { encode } from "ts-mls/codec/tlsEncoder.js"
import {
  decodeKeyPackage,
  encodeKeyPackage,
  keyPackageTBSEncoder,
  makeKeyPackageRef,
  signKeyPackage,
} from "ts-mls/keyPackage.js"
import { signLeafNodeKeyPackage, verifyLeafNodeSignatureKeyPackage } from "ts-mls/leafNode.js"
import { Reader, u8, u16 } from "./codec.ts"
import type { Device } from "./device.ts"
import { MlsError } from "./error.ts"
import { identityOf, type LeafIdentity, toCredential } from "./identity.ts"
import { capabilitiesOf, checkLeafForm } from "./leaf.ts"
import { verifyWithLabel } from "./signature.ts"
import { type Suite, suiteOf } from "./suite/suite.ts"

export const maxKeyPackageBytes = 16_384
const mlsVersion = 1
const keyPackageWireFormat = 5

/** Seconds since 1970. */
export interface Lifetime {
  readonly notBefore: number
  readonly notAfter: number
}

export interface KeyPackagePair {
  /** An MLSMessage holding the key package; goes into the key directory. */
  readonly publicBytes: Uint8Array
  /** Version ‖ init, leaf and signature private keys. Used once, then deleted. */
  readonly privateBytes: Uint8Array
}

/** What a key package says, its signatures checked. Whether the charter knows the device is the caller's question. */
export interface KeyPackageView {
  readonly identity: LeafIdentity
  readonly signatureKey: Uint8Array
  readonly notBefore: number
  readonly notAfter: number
  readonly suite: string
  readonly ref: Uint8Array
}

export interface KeyPackageSecrets {
  readonly initKey: Uint8Array
  readonly leafKey: Uint8Array
  readonly signatureKey: Uint8Array
}

/** Fresh keys every time: a key package may be used for one group only. */
export async function makeKeyPackage(
  device: Device,
  options: { readonly lifetime: Lifetime },
): Promise<KeyPackagePair> {
  const suite = await suiteOf()
  const { kem } = suite.hpke
  const [init, leaf] = [await kem.generate(), await kem.generate()]
  const leafNode = await signLeafNodeKeyPackage(
    {
      leafNodeSource: "key_package",
      hpkePublicKey: await kem.publicKeyOf(leaf),
      signaturePublicKey: device.publicKey,
      credential: toCredential(device.identity),
      capabilities: capabilitiesOf(suite),
      lifetime: { notBefore: BigInt(options.lifetime.notBefore), notAfter: BigInt(options.lifetime.notAfter) },
      extensions: [],
    },
    device.privateKey,
    suite.mls.signature,
  )
  const initKey = await kem.publicKeyOf(init)
  const keyPackage = await signKeyPackage(
    { version: "mls10", cipherSuite: suite.name, initKey, leafNode, extensions: [] },
    device.privateKey,
    suite.mls.signature,
  )
  return {
    publicBytes: concatBytes(u16(mlsVersion), u16(keyPackageWireFormat), encodeKeyPackage(keyPackage)),
    privateBytes: encodeSecrets({
      initKey: init.unsafeBytes(),
      leafKey: leaf.unsafeBytes(),
      signatureKey: device.privateKey,
    }),
  }
}

/** Throws `malformed`, also for bytes after the end. Nothing of it is verified yet. */
export function decodeKeyPackageMessage(bytes: Uint8Array): KeyPackage {
  if (bytes.length > maxKeyPackageBytes) throw new MlsError("malformed", "key package")
  const r = new Reader(bytes, "key package")
  r.expect(mlsVersion, r.u16())
  r.expect(keyPackageWireFormat, r.u16())
  const keyPackage = r.library(decodeKeyPackage, encodeKeyPackage)
  r.end()
  return keyPackage
}

/** Form, keys that can be used (M3.5), and both signatures (M3.3). Throws `malformed`, `unsupported` or `bad_signature`. */
export async function verifyKeyPackage(suite: Suite, keyPackage: KeyPackage): Promise<void> {
  if (keyPackage.version !== "mls10" || keyPackage.cipherSuite !== suite.name) {
    throw new MlsError("unsupported", "key package suite")
  }
  if (keyPackage.extensions.length > 0) throw new MlsError("unsupported", "key package extension")
  const { leafNode } = keyPackage
  checkLeafForm(suite, leafNode)
  if (leafNode.lifetime.notBefore > leafNode.lifetime.notAfter || leafNode.lifetime.notAfter > maxSeconds) {
    throw new MlsError("malformed", "key package lifetime")
  }
  if (
    keyPackage.initKey.length !== suite.hpke.kem.publicKeyBytes ||
    equalBytes(keyPackage.initKey, leafNode.hpkePublicKey)
  ) {
    throw new MlsError("malformed", "key package init key")
  }
  if (![keyPackage.initKey, leafNode.hpkePublicKey].every(suite.hpke.kem.accepts)) {
    throw new MlsError("malformed", "key package encryption key")
  }
  const tbs = encode(keyPackageTBSEncoder)(keyPackage)
  const [leafValid, packageValid] = await Promise.all([
    verifyLeafNodeSignatureKeyPackage(leafNode, suite.mls.signature),
    verifyWithLabel(suite, leafNode.signaturePublicKey, "KeyPackageTBS", tbs, keyPackage.signature),
  ])
  if (!leafValid || !packageValid) throw new MlsError("bad_signature", "key package")
}

/** Decodes and verifies. The times are stated, not judged. */
export async function readKeyPackage(bytes: Uint8Array): Promise<KeyPackageView> {
  const suite = await suiteOf()
  const keyPackage = decodeKeyPackageMessage(bytes)
  await verifyKeyPackage(suite, keyPackage)
  const { leafNode } = keyPackage
  return {
    identity: identityOf(leafNode.credential),
    signatureKey: leafNode.signaturePublicKey,
    notBefore: Number(leafNode.lifetime.notBefore),
    notAfter: Number(leafNode.lifetime.notAfter),
    suite: keyPackage.cipherSuite,
    ref: await makeKeyPackageRef(keyPackage, suite.mls.hash),
  }
}

/** How a welcome names the key package it was made for. Throws `malformed`. */
export async function keyPackageRef(publicBytes: Uint8Array): Promise<Uint8Array> {
  return makeKeyPackageRef(decodeKeyPackageMessage(publicBytes), (await suiteOf()).mls.hash)
}

const secretsVersion = 1
/** Within what a Number holds exactly, and a hundred thousand years away. */
const maxSeconds = 1n << 42n

function encodeSecrets(secrets: KeyPackageSecrets): Uint8Array {
  return concatBytes(u8(secretsVersion), secrets.initKey, secrets.leafKey, secrets.signatureKey)
}

/** Throws `malformed`. */
export function decodeSecrets(bytes: Uint8Array): KeyPackageSecrets {
  const r = new Reader(bytes, "key package secrets")
  r.expect(secretsVersion, r.u8())
  const secrets = { initKey: r.fixed(32).slice(), leafKey: r.fixed(32).slice(), signatureKey: r.fixed(32).slice() }
  r.end()
  return secrets
}
