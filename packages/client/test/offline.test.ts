import {
  admitDevice,
  admitKeeper,
  append,
  approve,
  type Charter,
  commitName,
  draft,
  genesis,
  noOrg,
  openCharter,
  seal,
  simpleRules,
} from "@holdfast/charter"
import {
  charterOrigin,
  formatCheckpoint,
  formatNote,
  NOTE_SIGNATURE,
  noteKey,
  signerFromSeed,
  signNote,
} from "@holdfast/log"
import { fromUtf8, type OrgId, toKeeperId, toMemberId, toRelayId, utf8 } from "@holdfast/wire"
import fc from "fast-check"
import { beforeAll, describe, expect, test } from "vitest"
import {
  decodeApprovalFile,
  decodeSigningRequest,
  encodeApprovalFile,
  encodeSigningRequest,
  formatKeeperOffer,
  isRightOffer,
  keeperKeyCode,
  makeKeeperOffer,
  parseKeeperOffer,
  readSigningRequest,
  type SigningRequest,
} from "../src/index.ts"

const filled = (length: number, value: number) => new Uint8Array(length).fill(value)
const malformed = expect.objectContaining({ code: "malformed" })

/** Ana's organisation of one, on a relay. */
async function founded() {
  const [device, key, log] = await Promise.all([1, 2, 3].map((n) => signerFromSeed(filled(32, n))))
  if (device === undefined || key === undefined || log === undefined) throw new Error("keys")
  const member = toMemberId(filled(16, 4))
  const keeper = await admitKeeper(noOrg, { id: toKeeperId(filled(16, 5)), member }, key)
  const { statement, orgId } = genesis({
    notAfter: 1_900_000_000,
    nonce: filled(16, 6),
    nameCommitment: commitName(filled(16, 7), "The Harbour"),
    rules: simpleRules([keeper], 1),
    founder: {
      member,
      nameCommitment: commitName(filled(16, 8), "Ana"),
      devices: [await admitDevice(noOrg, member, device)],
    },
    relays: [
      {
        id: toRelayId(filled(16, 9)),
        urls: ["http://relay.test"],
        logPublicKey: log.publicKey,
        operator: "",
        jurisdiction: "",
      },
    ],
  })
  const entry = seal(statement, [await approve(statement, { id: keeper.id, kind: 1, sign: key.sign })])
  const { charter } = await append(openCharter(orgId), entry)
  return { org: orgId, charter, entry, keeper, key, log, member }
}

async function noteOf(charter: Charter, log: Awaited<ReturnType<typeof signerFromSeed>>, root = charter.root) {
  const origin = charterOrigin(charter.orgId)
  const text = formatCheckpoint({ origin, size: charter.size, root, extensions: [] })
  return fromUtf8(
    formatNote({ text, signatures: [await signNote(text, noteKey(origin, NOTE_SIGNATURE, log.publicKey), log)] }),
  )
}

let it: Awaited<ReturnType<typeof founded>>
let request: SigningRequest
beforeAll(async () => {
  it = await founded()
  const next = draft(it.charter, {
    type: "canary",
    body: { until: 1_800_000_000 },
    notAfter: 1_800_000_000,
    nonce: filled(16, 10),
  })
  request = {
    org: it.org,
    statement: new Uint8Array(next.bytes),
    charter: [it.entry],
    note: await noteOf(it.charter, it.log),
    names: [
      { id: new Uint8Array(), name: "The Harbour", salt: filled(16, 7) },
      { id: it.member, name: "Ana", salt: filled(16, 8) },
    ],
  }
})

describe("the offer of a keeper's key", () => {
  test("[E9.1] reads back, as text that people can paste", async () => {
    const offer = await makeKeeperOffer(it.org, toKeeperId(filled(16, 1)), it.key)
    const text = formatKeeperOffer(offer)
    expect(text).toMatch(/^hfk1[A-Za-z0-9_-]{192}$/)
    expect(parseKeeperOffer(` ${text}\n`)).toEqual(offer)
  })

  test("[E9.1] refuses every text with one character less, more, or of another kind", async () => {
    const text = formatKeeperOffer(await makeKeeperOffer(it.org, toKeeperId(filled(16, 1)), it.key))
    for (const bad of [
      "",
      text.slice(1),
      text.slice(0, -1),
      `${text}A`,
      `hfk2${text.slice(4)}`,
      `${text.slice(0, -1)}+`,
    ]) {
      expect(() => parseKeeperOffer(bad)).toThrow(malformed)
    }
  })

  test("[E9.2] is right for its own organisation and its own seat only", async () => {
    const offer = await makeKeeperOffer(it.org, toKeeperId(filled(16, 1)), it.key)
    expect(await isRightOffer(it.org, offer)).toBe(true)
    expect(await isRightOffer(filled(32, 1) as OrgId, offer)).toBe(false)
    expect(await isRightOffer(it.org, { ...offer, keeper: toKeeperId(filled(16, 2)) })).toBe(false)
    expect(keeperKeyCode(offer.publicKey)).toMatch(/^([0-9a-f]{4} ){3}[0-9a-f]{4}$/)
  })
})

describe("a signing request", () => {
  test("[E9.3] reads back", () => {
    expect(decodeSigningRequest(encodeSigningRequest(request))).toEqual(request)
  })

  test("[E9.3] has one form: nothing changed, added, reordered or formatted", () => {
    const text = fromUtf8(encodeSigningRequest(request))
    const value = JSON.parse(text) as Record<string, unknown>
    const bad = [
      "",
      "null\n",
      "[]\n",
      text.trimEnd(),
      `${text}\n`,
      JSON.stringify(value, null, 2),
      text.replace("signing-request/v1", "signing-request/v2"),
      `${JSON.stringify({ ...value, more: 1 })}\n`,
      `${JSON.stringify({ ...value, organisation: "00" })}\n`,
      `${JSON.stringify({ ...value, organisation: String(value["organisation"]).toUpperCase() })}\n`,
      `${JSON.stringify({ ...value, charter: "x" })}\n`,
      `${JSON.stringify({ ...value, charter: [1] })}\n`,
      `${JSON.stringify({ ...value, names: [null] })}\n`,
      `${JSON.stringify({ ...value, names: [{ id: "00", name: "x", salt: "00" }] })}\n`,
    ]
    for (const one of bad) expect(() => decodeSigningRequest(utf8(one)), one.slice(0, 60)).toThrow(malformed)
  })

  test("[E9.3] random bytes and random JSON never crash the decoders", () => {
    fc.assert(
      fc.property(fc.oneof(fc.json().map(utf8), fc.uint8Array()), (bytes) => {
        expect(() => decodeSigningRequest(bytes)).toThrow(malformed)
        expect(() => decodeApprovalFile(bytes)).toThrow(malformed)
      }),
    )
  })

  test("[E9.4] gives the charter, the statement and the names that fit", async () => {
    const read = await readSigningRequest(request)
    expect(read.charter.size).toBe(1)
    expect(read.signedSize).toBe(1)
    expect(read.organisation).toBe("The Harbour")
    expect(read.names(it.member)).toBe("Ana")
    expect(read.names(it.keeper.id)).toBe("Ana")
    expect(read.statement.type).toBe("canary")
  })

  test("[E9.4] a name that does not fit its commitment is not shown", async () => {
    const names = request.names.map((entry) => ({ ...entry, name: "Mallory" }))
    const read = await readSigningRequest({ ...request, names })
    expect(read.organisation).toBeUndefined()
    expect(read.names(it.member)).toBeUndefined()
  })

  test("[E9.4] refuses another organisation's charter or statement, and a checkpoint of another history", async () => {
    const other = await noteOf(it.charter, it.log, filled(32, 1))
    const bad: SigningRequest[] = [
      { ...request, org: filled(32, 1) as OrgId },
      { ...request, charter: [] },
      { ...request, charter: [filled(10, 1)] },
      { ...request, statement: filled(10, 1) },
      { ...request, note: "nonsense" },
      { ...request, note: other },
    ]
    for (const one of bad) await expect(readSigningRequest(one)).rejects.toMatchObject({ code: "malformed" })
  })
})

describe("an approval file", () => {
  test("[E9.5] reads back, and has one form", async () => {
    const { statement } = await readSigningRequest(request)
    const approval = await approve(statement, { id: it.keeper.id, kind: 1, sign: it.key.sign })
    const file = { org: it.org, statement: statement.id, approval }
    const bytes = encodeApprovalFile(file)
    expect(decodeApprovalFile(bytes)).toEqual({ ...file, statement: new Uint8Array(statement.id) })
    const text = fromUtf8(bytes)
    for (const bad of [
      text.trimEnd(),
      ` ${text}`,
      text.replace("approval/v1", "approval/v2"),
      text.replace('"approval":"', '"approval":"AAAA'),
    ]) {
      expect(() => decodeApprovalFile(utf8(bad))).toThrow(malformed)
    }
    expect(() => decodeApprovalFile(filled(9_000, 32))).toThrow(expect.objectContaining({ code: "too_large" }))
  })
})
