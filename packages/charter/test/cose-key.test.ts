import { createPublicKey } from "node:crypto"
import { base64url, concatBytes, fromHex, hex } from "@holdfast/wire"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { CharterError, coseKeyFromSpki, decodeCoseKey, encodeCoseKey } from "../src/index.ts"
import { ecdsaFromDer, isP256Point, verifyP256 } from "../src/p256.ts"
import { passkeyOf } from "./authenticator.ts"

const ada = (await passkeyOf("Ada")).record.publicKey
const ben = (await passkeyOf("Ben", { algorithm: "ES256" })).record.publicKey

const p = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
const pAndFive = "ffffffff00000001000000000000000000000001000000000000000000000004"
/** (0, aboveZero) and (belowFive, 5) are points of P-256. */
const aboveZero = "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4"
const belowFive = "d7325d7646cd60d80a92738ceb345f844cffaf35841022cab176f692de8de1d7"
const n = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"

function expectMalformed(decode: () => unknown) {
  expect(decode).toThrow(CharterError)
  expect(decode).toThrow("malformed")
}

describe("COSE keys", () => {
  test.each([ada, ben])("[C9.1] decode and encode to the same bytes", (bytes) => {
    expect(encodeCoseKey(decodeCoseKey(bytes))).toEqual(bytes)
  })

  test("[C9.1] what Node's own encoder makes of the same key comes to the same bytes", () => {
    for (const bytes of [ada, ben]) {
      const key = decodeCoseKey(bytes)
      const jwk =
        key.algorithm === "EdDSA"
          ? { kty: "OKP", crv: "Ed25519", x: base64url(key.publicKey) }
          : { kty: "EC", crv: "P-256", x: base64url(key.x), y: base64url(key.y) }
      const spki = createPublicKey({ format: "jwk", key: jwk }).export({ format: "der", type: "spki" })
      expect(coseKeyFromSpki(Uint8Array.from(spki))).toEqual(bytes)
    }
  })

  const okp = (x: string) => `a4010103272006215820${x}`
  const ec2 = (x: string, y: string) => `a5010203262001215820${x}225820${y}`
  const x = hex(ben.slice(10, 42))
  const y = hex(ben.slice(45))
  const one = `01${"00".repeat(31)}`

  test.each<[what: string, hex: string]>([
    ["nothing", ""],
    ["members in another order", `a4010120060327215820${hex(ada.slice(10))}`],
    ["a member too many", `a50101032720062158${hex(ada.slice(9))}2200`],
    ["a longer form of a number", `a4011801${hex(ada.slice(3))}`],
    ["an indefinite map", `bf${hex(ada.slice(1))}ff`],
    ["a key of 31 bytes", `a401010327200621581f${hex(ada.slice(10, 41))}`],
    ["Ed25519 of algorithm -7", `a40101032620062158${hex(ada.slice(9))}`],
    ["a point of low order", okp(one)],
    ["a y of Ed25519 that is not below p", okp(`ee${"ff".repeat(30)}7f`)],
    ["P-256 of algorithm -35", hex(ben).replace("a501020326", "a50102033822")],
    ["P-256 as a compressed point", `a5010203262001215820${x}22f5`],
    ["no point of the curve", ec2(x, `${y.slice(0, -2)}${y.endsWith("00") ? "01" : "00"}`)],
    ["the coordinates the other way round", ec2(y, x)],
    ["zeros", ec2("00".repeat(32), "00".repeat(32))],
    // both would be points if they were taken modulo p
    ["an x of p in the place of 0", ec2(p, aboveZero)],
    ["a y of p + 5 in the place of 5", ec2(belowFive, pAndFive)],
  ])("[C9.1] %s is no key", (_what, bytes) => expectMalformed(() => decodeCoseKey(fromHex(bytes))))

  test("[C9.1] small coordinates are as good as others", () => {
    for (const bytes of [ec2("00".repeat(32), aboveZero), ec2(belowFive, `${"00".repeat(31)}05`)])
      expect(decodeCoseKey(fromHex(bytes)).algorithm).toBe("ES256")
  })

  test("[C9.1] a byte more or less is no key, and neither are random bytes", () => {
    for (const bytes of [ada, ben]) {
      expectMalformed(() => decodeCoseKey(concatBytes(bytes, Uint8Array.of(0))))
      for (let length = 0; length < bytes.length; length++) expectMalformed(() => decodeCoseKey(bytes.slice(0, length)))
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => expectMalformed(() => decodeCoseKey(bytes))))
  })

  test("[C9.1] one changed bit never gives the same key, and mostly none", () => {
    let others = 0
    for (const bytes of [ada, ben]) {
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const changed = Uint8Array.from(bytes)
        changed[bit >> 3]! ^= 1 << (bit & 7)
        try {
          expect(encodeCoseKey(decodeCoseKey(changed))).toEqual(changed)
          others++
        } catch (error) {
          expect(error).toBeInstanceOf(CharterError)
        }
      }
    }
    // every 32 bytes but a few may be an Ed25519 key; of the P-256 point no bit can change alone
    expect(others).toBe(256)
  })

  test("[C9.1] keys that are none do not encode", () => {
    expectMalformed(() => encodeCoseKey({ algorithm: "EdDSA", publicKey: fromHex(one) }))
    expectMalformed(() => encodeCoseKey({ algorithm: "EdDSA", publicKey: new Uint8Array(31) }))
    expectMalformed(() => encodeCoseKey({ algorithm: "ES256", x: fromHex(y), y: fromHex(x) }))
    expectMalformed(() => encodeCoseKey({ algorithm: "ES256", x: fromHex(x + y.slice(0, 2)), y: fromHex(y.slice(2)) }))
  })

  test("[C9.1] other public keys of browsers are refused", () => {
    const rest = hex(ben.slice(10, 42)) + hex(ben.slice(45))
    const spki = `3059301306072a8648ce3d020106082a8648ce3d03010703420004${rest}`
    expect(coseKeyFromSpki(fromHex(spki))).toEqual(ben)
    for (const wrong of [
      "",
      spki.slice(0, -2),
      `${spki}00`,
      spki.replace("420004", "420006"),
      spki.replace("030107", "030106"),
      `302a300506032b656e032100${hex(ada.slice(10))}`, // X25519
      `302a300506032b6570032100${hex(ada.slice(10))}00`,
      `302a300506032b6570032100${one}`,
    ])
      expectMalformed(() => coseKeyFromSpki(fromHex(wrong)))
  })
})

describe("P-256", () => {
  test("[C9.1] points as WebCrypto sees them", async () => {
    const imports = (x: Uint8Array, y: Uint8Array) =>
      crypto.subtle
        .importKey("raw", concatBytes(Uint8Array.of(4), x, y), { name: "ECDSA", namedCurve: "P-256" }, false, [
          "verify",
        ])
        .then(() => true)
        .catch(() => false)
    const point = fc.tuple(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
    )
    await fc.assert(
      fc.asyncProperty(point, async ([x, y]) => {
        expect(isP256Point(x, y)).toBe(await imports(x, y))
      }),
      { numRuns: 50 },
    )
    for (const [x, y] of [
      [p, aboveZero],
      [belowFive, pAndFive],
      ["00".repeat(32), aboveZero],
    ] as const)
      expect(isP256Point(fromHex(x), fromHex(y))).toBe(await imports(fromHex(x), fromHex(y)))
    for (const name of ["a", "b", "c", "d"]) {
      const key = decodeCoseKey((await passkeyOf(name, { algorithm: "ES256" })).record.publicKey)
      if (key.algorithm !== "ES256") throw new Error("not P-256")
      expect(isP256Point(key.x, key.y)).toBe(true)
      expect(await imports(key.x, key.y)).toBe(true)
    }
  })

  const integer = (value: string) => `02${(value.length / 2).toString(16).padStart(2, "0")}${value}`
  const der = (...values: readonly string[]) => {
    const inside = values.map(integer).join("")
    return fromHex(`30${(inside.length / 2).toString(16).padStart(2, "0")}${inside}`)
  }
  const below = `00${n.slice(0, -2)}50`

  test("[C9.9] DER of any two numbers from 1 to n-1", () => {
    expect(ecdsaFromDer(der("01", "7f"))).toEqual(fromHex(`${"00".repeat(31)}01${"00".repeat(31)}7f`))
    expect(ecdsaFromDer(der(below, "0080"))).toEqual(fromHex(`${n.slice(0, -2)}50${"00".repeat(31)}80`))
  })

  test.each<[what: string, Uint8Array]>([
    ["nothing", new Uint8Array()],
    ["zero", der("00", "01")],
    ["no digits", der("", "01")],
    ["n", der("01", `00${n}`)],
    ["2^256", der(`01${"00".repeat(32)}`, "01")],
    ["a negative number", der("80", "01")],
    ["a leading zero", der("0001", "01")],
    ["one number", der("01")],
    ["three numbers", der("01", "01", "01")],
    ["a byte after the end", concatBytes(der("01", "01"), Uint8Array.of(0))],
    ["a length in two bytes", fromHex("308106020101020101")],
    ["an indefinite length", fromHex("30800201010201010000")],
    ["a number that ends outside", fromHex("3006020101020201")],
    ["a set", fromHex("3106020101020101")],
    ["a bit string inside", fromHex("3006030101020101")],
    ["r and s as they are", fromHex("11".repeat(64))],
  ])("[C9.9] %s is no signature", (_what, bytes) => expect(ecdsaFromDer(bytes)).toBe(undefined))

  test("[C9.9] both of the two signatures that differ in the sign of s are right", async () => {
    const passkey = await passkeyOf("Ben", { algorithm: "ES256" })
    const key = decodeCoseKey(passkey.record.publicKey)
    if (key.algorithm !== "ES256") throw new Error("not P-256")
    const message = Uint8Array.of(1, 2, 3)
    const made = passkey.signBytes(message)
    const raw = ecdsaFromDer(made)!
    const mirrored = (BigInt(`0x${n}`) - BigInt(`0x${hex(raw.slice(32))}`)).toString(16).padStart(64, "0")
    const positive = (digits: string) => {
      const short = digits.replace(/^(00)+/, "")
      return Number.parseInt(short.slice(0, 2), 16) >= 0x80 ? `00${short}` : short
    }
    const other = der(positive(hex(raw.slice(0, 32))), positive(mirrored))
    expect(await verifyP256(key.x, key.y, message, made)).toBe(true)
    expect(await verifyP256(key.x, key.y, message, other)).toBe(true)
    expect(await verifyP256(key.x, key.y, Uint8Array.of(1, 2, 4), other)).toBe(false)
    expect(await verifyP256(key.y, key.x, message, made)).toBe(false)
  })
})
