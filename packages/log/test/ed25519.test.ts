import { generateKeyPairSync, sign as nodeSign, verify as nodeVerify } from "node:crypto"
import { describe, expect, test, vi } from "vitest"
import {
  checkEd25519PublicKey,
  generateEd25519KeyPair,
  signerFromKeyPair,
  signerFromSeed,
  verifyEd25519,
} from "../src/index.ts"
import { codeOf, expectCode, expectCodeLater } from "./expect-code.ts"
import { fromHex, readVector, utf8 } from "./vector-files.ts"

interface EdgeCase {
  readonly number: number
  readonly key: string
  readonly sig: string
  readonly msg: string
  readonly flags: readonly string[] | null
}

describe("C2SP/CCTV", () => {
  const cases = readVector<EdgeCase[]>("cctv-ed25519/ed25519vectors.json")

  const isSound = (point: Uint8Array) => codeOf(() => checkEd25519PublicKey(point)) === "accepted"

  async function platformAccepts(v: EdgeCase): Promise<boolean> {
    const key = await crypto.subtle.importKey("raw", Buffer.from(v.key, "hex"), "Ed25519", false, ["verify"])
    return crypto.subtle.verify("Ed25519", key, Buffer.from(v.sig, "hex"), utf8(v.msg) as Uint8Array<ArrayBuffer>)
  }

  test("[L5.1] a key is refused exactly if it is of low order or not canonical", () => {
    for (const v of cases) {
      const weak = v.flags?.includes("low_order_A") || v.flags?.includes("non_canonical_A")
      expect([v.number, isSound(fromHex(v.key))]).toEqual([v.number, !weak])
    }
  })

  test("[L5.2] accepts the 43 that all platforms accept, out of 914, and no other", async () => {
    const accepted: number[] = []
    for (const v of cases) {
      if (await verifyEd25519(fromHex(v.key), utf8(v.msg), fromHex(v.sig))) accepted.push(v.number)
    }
    expect(accepted).toEqual(readVector<number[]>("cctv-ed25519/accepted.json"))
  })

  test("[L5.2] refuses weak points even where the platform would accept anything", async () => {
    const lax = vi.spyOn(crypto.subtle, "verify").mockResolvedValue(true)
    const weak = ["low_order_A", "non_canonical_A", "low_order_R", "non_canonical_R"]
    try {
      for (const v of cases) {
        const expected = !weak.some((flag) => v.flags?.includes(flag))
        const ours = await verifyEd25519(fromHex(v.key), utf8(v.msg), fromHex(v.sig))
        expect([v.number, ours]).toEqual([v.number, expected])
      }
    } finally {
      lax.mockRestore()
    }
  })

  test("[L5.2] refuses nothing else that this platform accepts", async () => {
    for (const v of cases) {
      const sound = isSound(fromHex(v.key)) && isSound(fromHex(v.sig).subarray(0, 32))
      const ours = await verifyEd25519(fromHex(v.key), utf8(v.msg), fromHex(v.sig))
      expect([v.number, ours]).toEqual([v.number, sound && (await platformAccepts(v))])
    }
  })
})

describe("keys", () => {
  const low = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
  ]

  test.each(low)("[L5.1] %s is of low order", (hex) =>
    expectCode("weak_key", () => checkEd25519PublicKey(fromHex(hex))),
  )

  test("[L5.1] y from p to 2^255-1 is not canonical, with either sign", () => {
    for (let first = 0xed; first <= 0xff; first++) {
      for (const last of [0x7f, 0xff]) {
        const key = new Uint8Array(32).fill(0xff)
        key[0] = first
        key[31] = last
        expectCode("weak_key", () => checkEd25519PublicKey(key))
      }
    }
    const below = new Uint8Array(32).fill(0xff)
    below[0] = 0xeb
    below[31] = 0x7f
    checkEd25519PublicKey(below)
  })

  test("[L5.1] other lengths are malformed, and verify nothing", async () => {
    const signer = await signerFromSeed(new Uint8Array(32))
    const signature = await signer.sign(utf8("m"))
    for (const key of [new Uint8Array(), signer.publicKey.slice(0, 31), new Uint8Array([...signer.publicKey, 0])]) {
      expectCode("malformed", () => checkEd25519PublicKey(key))
      expect(await verifyEd25519(key, utf8("m"), signature)).toBe(false)
    }
  })
})

describe("signing", () => {
  test("[L5.3] RFC 8032 test 2", async () => {
    const signer = await signerFromSeed(fromHex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
    expect(Buffer.from(signer.publicKey).toString("hex")).toBe(
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    )
    expect(Buffer.from(await signer.sign(Uint8Array.of(0x72))).toString("hex")).toBe(
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" +
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    )
  })

  test("[L5.2] agrees with Node's own crypto, both ways", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519")
    const raw = new Uint8Array(Buffer.from(publicKey.export({ format: "jwk" }).x!, "base64url"))
    const signature = new Uint8Array(nodeSign(null, utf8("theirs"), privateKey))
    expect(await verifyEd25519(raw, utf8("theirs"), signature)).toBe(true)
    const ours = await signerFromSeed(Buffer.from(privateKey.export({ format: "jwk" }).d!, "base64url"))
    expect(nodeVerify(null, utf8("ours"), publicKey, await ours.sign(utf8("ours")))).toBe(true)
  })

  test("[L5.2] any changed bit of signature, message or key fails", async () => {
    const signer = await signerFromSeed(new Uint8Array(32).fill(7))
    const parts = [signer.publicKey, utf8("message"), await signer.sign(utf8("message"))]
    expect(await verifyEd25519(parts[0]!, parts[1]!, parts[2]!)).toBe(true)
    for (let part = 0; part < 3; part++) {
      for (let bit = 0; bit < parts[part]!.length * 8; bit++) {
        const changed = parts.map((bytes) => bytes.slice())
        changed[part]![bit >> 3]! ^= 1 << (bit & 7)
        expect(await verifyEd25519(changed[0]!, changed[1]!, changed[2]!)).toBe(false)
      }
    }
    expect(await verifyEd25519(parts[0]!, parts[1]!, parts[2]!.subarray(0, 63))).toBe(false)
  })

  test("[L5.2] thousands of keys do not push out the one in use", async () => {
    const signer = await signerFromSeed(new Uint8Array(32).fill(9))
    const signature = await signer.sign(utf8("m"))
    for (let i = 0; i < 5_000; i++) {
      const key = new Uint8Array(32).fill(3)
      key[1] = i >> 8
      key[2] = i
      expect(await verifyEd25519(key, utf8("m"), signature)).toBe(false)
    }
    expect(await verifyEd25519(signer.publicKey, utf8("m"), signature)).toBe(true)
  })

  test("[L5.3] a generated pair signs, and can be kept closed", async () => {
    const pair = await generateEd25519KeyPair(false)
    expect(pair.privateKey.extractable).toBe(false)
    const signer = await signerFromKeyPair(pair)
    expect(await verifyEd25519(signer.publicKey, utf8("m"), await signer.sign(utf8("m")))).toBe(true)
    await expectCodeLater("malformed", signerFromSeed(new Uint8Array(31)))
  })
})
