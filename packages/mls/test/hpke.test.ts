import { hex } from "@holdfast/wire"
import { Aes256Gcm, CipherSuite, HkdfSha512 } from "@hpke/core"
import { XWing } from "@hpke/hybridkem-x-wing"
import { ed25519 as noble } from "@noble/curves/ed25519.js"
import { defaultCryptoProvider, getCiphersuiteFromName } from "ts-mls"
import { expect, test } from "vitest"
import { generateSealKeys, openSealed, sealOverheadBytes, sealToDevice } from "../src/index.ts"
import { ed25519 } from "../src/suite/ed25519.ts"
import { hkdfSha256 } from "../src/suite/hkdf.ts"
import { defaultSuiteName, suiteOf, vectorSuiteName } from "../src/suite/suite.ts"
import { utf8 } from "./people.ts"
import { h, vectorsOf } from "./vectors.ts"

type Hex = string
interface Rfc9180 {
  mode: number
  kem_id: number
  kdf_id: number
  aead_id: number
  info: Hex
  skRm: Hex
  pkRm: Hex
  ikmR: Hex
  enc: Hex
  encryptions: { "sequence number": number; pt: Hex; aad: Hex; ct: Hex }[]
  exports: { exporter_context: Hex; L: number; exported_value: Hex }[]
}

const platforms = ["platform", "noble"] as const

for (const platform of platforms) {
  test(`[M2.3] RFC 9180 appendix A.1, base mode (${platform})`, async () => {
    const suite = await suiteOf(vectorSuiteName, platform)
    const base = vectorsOf<Rfc9180>("hpke/rfc9180-appendix-a.json").filter(
      (v) => v.mode === 0 && v.kem_id === 0x20 && v.kdf_id === 1 && v.aead_id === 1,
    )
    expect(base).toHaveLength(1)
    const [v] = base as [Rfc9180]
    const { kem } = suite.hpke
    const derived = await kem.derive(h(v.ikmR))
    expect(hex(derived.unsafeBytes())).toBe(v.skRm)
    const key = kem.privateKey(h(v.skRm))
    expect(hex(await kem.publicKeyOf(key))).toBe(v.pkRm)
    const first = v.encryptions.find((e) => e["sequence number"] === 0)!
    expect(hex(await suite.hpke.open(key, h(v.enc), h(v.info), h(first.aad), h(first.ct)))).toBe(first.pt)
    expect(v.exports.length).toBeGreaterThan(0)
    for (const x of v.exports) {
      const secret = await suite.hpke.receiveExport(key, h(v.enc), h(v.info), h(x.exporter_context), x.L)
      expect(hex(secret)).toBe(x.exported_value)
    }
    const sealed = await suite.hpke.seal(h(v.pkRm), utf8("i"), utf8("a"), utf8("p"))
    expect(await suite.hpke.open(key, sealed.enc, utf8("i"), utf8("a"), sealed.ciphertext)).toEqual(utf8("p"))
    await expect(suite.hpke.open(key, sealed.enc, utf8("i"), utf8("b"), sealed.ciphertext)).rejects.toThrow(
      "decrypt_failed",
    )
  })

  test(`[M2.3] X-Wing against @hpke/hybridkem-x-wing, both directions (${platform})`, async () => {
    const { hpke } = await suiteOf(defaultSuiteName, platform)
    const peer = new CipherSuite({ kem: new XWing(), kdf: new HkdfSha512(), aead: new Aes256Gcm() })
    for (let round = 0; round < 4; round++) {
      const seed = crypto.getRandomValues(new Uint8Array(32))
      const theirs = await peer.kem.importKey("raw", seed.buffer, false)
      const ours = hpke.kem.privateKey(seed)
      const publicKey = await hpke.kem.publicKeyOf(ours)
      const theirPublic = await peer.kem.deserializePublicKey(publicKey.slice().buffer)

      const sealed = await hpke.seal(publicKey, utf8("info"), utf8("aad"), utf8(`to them ${round}`))
      const opened = await peer.open(
        { recipientKey: theirs, enc: sealed.enc.slice().buffer, info: utf8("info").buffer },
        sealed.ciphertext.slice().buffer,
        utf8("aad").buffer,
      )
      expect(new Uint8Array(opened)).toEqual(utf8(`to them ${round}`))

      const back = await peer.seal({ recipientPublicKey: theirPublic, info: utf8("info").buffer }, utf8("to us").buffer)
      const plain = await hpke.open(
        ours,
        new Uint8Array(back.enc),
        utf8("info"),
        new Uint8Array(),
        new Uint8Array(back.ct),
      )
      expect(plain).toEqual(utf8("to us"))

      const ikm = crypto.getRandomValues(new Uint8Array(64))
      const pair = await peer.kem.deriveKeyPair(ikm.slice().buffer)
      const derived = await hpke.kem.derive(ikm)
      expect(new Uint8Array(await peer.kem.serializePrivateKey(pair.privateKey))).toEqual(derived.unsafeBytes())
      expect(new Uint8Array(await peer.kem.serializePublicKey(pair.publicKey))).toEqual(
        await hpke.kem.publicKeyOf(derived),
      )
    }
  })
}

test("[M2.4] platform and noble derive and open the same", async () => {
  const [a, b] = await Promise.all(platforms.map((p) => suiteOf(defaultSuiteName, p)))
  const ikm = crypto.getRandomValues(new Uint8Array(64))
  const [ka, kb] = [await a!.hpke.kem.derive(ikm), await b!.hpke.kem.derive(ikm)]
  expect(ka.unsafeBytes()).toEqual(kb.unsafeBytes())
  expect(await a!.hpke.kem.publicKeyOf(ka)).toEqual(await b!.hpke.kem.publicKeyOf(kb))
  const none = new Uint8Array()
  const sealed = await a!.hpke.seal(await b!.hpke.kem.publicKeyOf(kb), none, none, utf8("x"))
  expect(await b!.hpke.open(kb, sealed.enc, none, none, sealed.ciphertext)).toEqual(utf8("x"))
  const big = crypto.getRandomValues(new Uint8Array(50_000))
  const other = await b!.hpke.seal(await a!.hpke.kem.publicKeyOf(ka), none, none, big)
  expect(await a!.hpke.open(ka, other.enc, none, none, other.ciphertext)).toEqual(big)
})

test("[M2.7] device keys and signatures are those of RFC 8032, as noble makes them", async () => {
  const { privateKey, publicKey } = await ed25519.keygen()
  expect(publicKey).toEqual(noble.getPublicKey(privateKey))
  const message = crypto.getRandomValues(new Uint8Array(50_000))
  const signature = await ed25519.sign(privateKey, message)
  expect(signature).toEqual(noble.sign(message, privateKey))
  expect(await ed25519.verify(publicKey, message, signature)).toBe(true)
})

test("[M2.3] the library's own provider for the default suite opens what ours seals", async () => {
  const theirs = await defaultCryptoProvider.getCiphersuiteImpl(getCiphersuiteFromName(defaultSuiteName))
  const ours = (await suiteOf()).mls
  const pair = await theirs.hpke.generateKeyPair()
  const publicBytes = await theirs.hpke.exportPublicKey(pair.publicKey)
  const sealed = await ours.hpke.seal(await ours.hpke.importPublicKey(publicBytes), utf8("p"), utf8("i"))
  expect(await theirs.hpke.open(pair.privateKey, sealed.enc, sealed.ct, utf8("i"))).toEqual(utf8("p"))
  const exported = await theirs.hpke.exportSecret(pair.publicKey, utf8("context"), 64, new Uint8Array())
  const ourKey = await ours.hpke.importPrivateKey(await theirs.hpke.exportPrivateKey(pair.privateKey))
  const imported = await ours.hpke.importSecret(ourKey, utf8("context"), exported.enc, 64, new Uint8Array())
  expect(imported).toEqual(exported.secret)
})

test("[M2.5] private keys print as nothing", async () => {
  const key = (await suiteOf()).hpke.kem.privateKey(new Uint8Array(32).fill(0xaa))
  expect(`${JSON.stringify(key)}${String(key)}`).not.toContain("170")
  expect(Object.keys(key)).toEqual([])
})

test("[M2.6] HKDF: an array that holds another secret is another array", () => {
  const a = hkdfSha256.expand(new Uint8Array(32).fill(1), utf8("x"), 100)
  const b = hkdfSha256.expand(new Uint8Array(32).fill(2), utf8("x"), 100)
  expect(a).not.toEqual(b)
  const salt = new Uint8Array(32)
  expect(hkdfSha256.extract(new Uint8Array(), utf8("ikm"))).toEqual(hkdfSha256.extract(salt, utf8("ikm")))
})

test("[M10.1] bob opens what was sealed to him; carol, another use, and a changed byte get null", async () => {
  const [bob, carol] = [await generateSealKeys(), await generateSealKeys()]
  expect([bob.publicKey.length, bob.privateKey.length]).toEqual([1216, 32])
  const sealed = await sealToDevice(bob.publicKey, utf8("a welcome"), utf8("use"))
  expect(sealed.length).toBe(sealOverheadBytes + 9)
  expect(await openSealed(bob.privateKey, sealed, utf8("use"))).toEqual(utf8("a welcome"))
  expect(await openSealed(carol.privateKey, sealed, utf8("use"))).toBeNull()
  expect(await openSealed(bob.privateKey, sealed, utf8("other"))).toBeNull()
  expect(await openSealed(bob.privateKey, sealed.subarray(0, 40), utf8("use"))).toBeNull()
  for (const at of [0, 1087, 1088, 1119, 1120, sealed.length - 1]) {
    const changed = sealed.slice()
    changed[at]! ^= 1
    expect(await openSealed(bob.privateKey, changed, utf8("use"))).toBeNull()
  }
  await expect(sealToDevice(new Uint8Array(32), utf8("x"), utf8("use"))).rejects.toThrow("malformed")
})

for (const platform of platforms) {
  test(`[M3.5] keys that can be sealed to are told from those that cannot (${platform})`, async () => {
    const { kem } = (await suiteOf(defaultSuiteName, platform)).hpke
    const good = await kem.publicKeyOf(await kem.generate())
    expect(await kem.accepts(good)).toBe(true)
    const p = (1n << 255n) - 19n
    const c = 325606250916557431795983626356110631294008115727848805560023387167927233504n
    const d = 39382357235489614581723060781553021112529911719440698176882885853963445705823n
    for (const u of [0n, 1n, p - 1n, p, p + 1n, c, d]) {
      for (const top of [0n, 1n << 255n]) {
        const bad = good.slice()
        for (let i = 0; i < 32; i++) bad[1184 + i] = Number(((u | top) >> BigInt(8 * i)) & 0xffn)
        expect(await kem.accepts(bad)).toBe(false)
        // Not a list of our own making: the platform refuses each of them too.
        await expect(kem.encap(bad)).rejects.toThrow()
      }
    }
    const outOfRange = good.slice()
    outOfRange.fill(0xff, 0, 3)
    expect(await kem.accepts(outOfRange)).toBe(false)
    await expect(kem.encap(outOfRange)).rejects.toThrow()
    expect(await kem.accepts(good.subarray(1))).toBe(false)
    for (let i = 0; i < 8; i++) {
      const key = await kem.publicKeyOf(await kem.generate())
      expect(await kem.accepts(key)).toBe(true)
    }
  })
}
