import fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  COSIGNATURE,
  cosignedBy,
  cosignedTime,
  formatPolicy,
  formatVkey,
  judgeQuorum,
  LogError,
  NOTE_SIGNATURE,
  type NoteKey,
  noteKey,
  parsePolicy,
  parseVkey,
  policyTrust,
  signerFromSeed,
  type TlogPolicy,
} from "../src/index.ts"
import { codeOf, expectCode } from "./expect-code.ts"
import { readVector, utf8 } from "./vector-files.ts"

const vectors = readVector<{
  readonly cases: readonly {
    readonly name: string
    readonly policy: string
    readonly error: string | null
    readonly top_threshold: number | null
  }[]
}>("c2sp/policies.json")

const publicKeys = await Promise.all(
  Array.from({ length: 70 }, async (_, i) => (await signerFromSeed(new Uint8Array(32).fill(i + 1))).publicKey),
)
const witnessKey = (i: number, name = `w.example/${i}`) => noteKey(name, COSIGNATURE, publicKeys[i]!)
const logKey = (i: number, name = `log.example/${i}`) => noteKey(name, NOTE_SIGNATURE, publicKeys[i]!)
const witnessLine = (i: number) => `witness w${i} ${formatVkey(witnessKey(i))}\n`
const witnessLines = (count: number) => Array.from({ length: count }, (_, i) => witnessLine(i)).join("")
const parse = (text: string) => parsePolicy(utf8(text))

/** The older parser takes witness keys of type 01, comments at the end of a line and one key twice; C2SP does not. */
function toTodaysForm(policy: string): string {
  const seen = new Set<string>()
  const lines = policy.split("\n").map((line) => line.replace(/#.*$/, ""))
  const kept = lines.map((line) =>
    line.replace(/[^\s+]+\+[0-9a-f]{8}\+[\w+/=]+/, (vkey) => {
      const { name, publicKey } = parseVkey(vkey)
      const id = Buffer.from(publicKey).toString("hex")
      const own = seen.has(id) ? publicKeys[seen.size]! : publicKey
      seen.add(id).add(`${seen.size}`)
      return formatVkey(noteKey(name, COSIGNATURE, own))
    }),
  )
  const text = kept.join("\n")
  return text.endsWith("\n") ? text : `${text}\n`
}

describe("transparency-dev/formats", () => {
  test.each(vectors.cases)("[L9.2] $name", ({ policy, error, top_threshold }) => {
    const text = toTodaysForm(policy)
    expect(codeOf(() => parse(text))).toBe(error === null ? "accepted" : "malformed")
    if (error !== null) return
    const parsed = parse(text)
    const top = parsed.groups.find(({ name }) => name === parsed.quorum)
    if (top_threshold !== null) expect(top?.needed).toBe(top_threshold)
    expect(parse(new TextDecoder().decode(formatPolicy(parsed)))).toEqual(parsed)
  })

  test("[L9.3] what the older parser takes and C2SP does not is refused", () => {
    const byName = new Map(vectors.cases.map(({ name, policy }) => [name, policy]))
    for (const name of ["tidy", "whitespace and comments", "group any"]) {
      expectCode("malformed", () => parse(byName.get(name)!))
    }
  })
})

describe("parsing", () => {
  const three = `${witnessLines(3)}group g 2 w0 w1 w2\n`

  test("[L9.2] tabs, spaces, empty lines and comments make no difference", () => {
    const spaced = `# ours\n\n \t log  ${formatVkey(logKey(9))}\thttps://log.example/ \n\t#\n${three.replaceAll(" ", " \t")}quorum\tg\n`
    const { logs, witnesses, groups, quorum } = parse(spaced)
    expect(logs).toEqual([{ key: logKey(9), url: "https://log.example/" }])
    expect(witnesses.map(({ name, key, url }) => [name, key, url])).toEqual(
      [0, 1, 2].map((i) => [`w${i}`, witnessKey(i), ""]),
    )
    expect(groups).toEqual([{ name: "g", needed: 2, members: ["w0", "w1", "w2"] }])
    expect(quorum).toBe("g")
  })

  test.each([
    ["an empty file", ""],
    ["no line feed at the end", `${three}quorum g`],
    ["CRLF", `${three}quorum g\n`.replaceAll("\n", "\r\n")],
    ["another control character", `${three}quorum g\n# \u007f\n`],
    ["two quorums", `${three}quorum g\nquorum g\n`],
    ["a quorum of a name that comes later", `quorum g\n${three}`],
    ["a quorum with two names", `${three}quorum g w0\n`],
    ["an unknown line", `${three}quorum g\nwitnesses 3\n`],
    ["a name twice", `${witnessLine(0)}witness w0 ${formatVkey(witnessKey(1))}\nquorum w0\n`],
    ["a group with a witness's name", `${three}group w1 1 g\nquorum g\n`],
    ["a member twice in one group", `${witnessLines(2)}group g 2 w0 w0\nquorum g\n`],
    ["a member of two groups", `${three}group h 1 w0\nquorum g\n`],
    ["a group in itself", `${three}group h 1 h\nquorum h\n`],
    ["none as a member", `${witnessLine(0)}group g 1 w0 none\nquorum g\n`],
    ["a group of nobody", `${three}group h all\nquorum g\n`],
    ["needed 0", `${witnessLine(0)}group g 0 w0\nquorum g\n`],
    ["more needed than there are", `${witnessLine(0)}group g 2 w0\nquorum g\n`],
    ["a number with a zero in front", `${witnessLine(0)}group g 01 w0\nquorum g\n`],
    ["one key twice", `${witnessLine(0)}witness w1 ${formatVkey(witnessKey(0, "other"))}\nquorum w0\n`],
    ["one log key twice", `log ${formatVkey(logKey(0))}\nlog ${formatVkey(logKey(0, "b"))}\nquorum none\n`],
    ["a log key as a witness", `witness w0 ${formatVkey(logKey(0))}\nquorum w0\n`],
    ["a witness key as a log", `log ${formatVkey(witnessKey(0))}\nquorum none\n`],
    ["three items after log", `log ${formatVkey(logKey(0))} a b\nquorum none\n`],
    ["a comment behind a line", `${three}quorum g # ours\n`],
    ["a witness named any", `witness any ${formatVkey(witnessKey(0))}\nquorum none\n`],
  ])("[L9.3] refuses %s", (_, text) => expectCode("malformed", () => parse(text)))

  test("[L9.3] keeps its limits when reading and when writing", () => {
    const most = `${witnessLines(64)}group g all ${Array.from({ length: 64 }, (_, i) => `w${i}`).join(" ")}\nquorum g\n`
    const policy = parse(most)
    expect(policy.witnesses.length).toBe(64)
    expectCode("too_large", () => parse(`${witnessLines(65)}quorum none\n`))
    const more = { ...policy, witnesses: [...policy.witnesses, { name: "more", key: witnessKey(65), url: "" }] }
    expectCode("too_large", () => formatPolicy(more))
    expectCode("too_large", () => parsePolicy(new Uint8Array(65_537)))
    expectCode("malformed", () => parsePolicy(Uint8Array.of(0xff, 0x0a)))
  })

  test.each([
    ["a name with a space", { witnesses: [{ name: "a b", key: witnessKey(0), url: "" }] }],
    ["a url with a line feed", { witnesses: [{ name: "a", key: witnessKey(0), url: "x\nquorum none" }] }],
    ["an empty name", { witnesses: [{ name: "", key: witnessKey(0), url: "u" }] }],
    ["an empty quorum", { quorum: "" }],
  ])("[L9.2] does not write %s", (_, change) => {
    const policy: TlogPolicy = { logs: [], witnesses: [], groups: [], quorum: "none", ...change }
    expectCode("malformed", () => formatPolicy(policy))
  })

  test("[L9.2] hostile text is refused with a code, or says the same again when written and read", () => {
    const words = ["log ", "witness ", "group ", "quorum ", "none", "g", "w0", "1", "all", " ", "\n", "#", "\t", three]
    const hostile = fc.array(fc.constantFrom(...words, formatVkey(witnessKey(4)), formatVkey(logKey(5))), {
      maxLength: 24,
    })
    let accepted = 0
    fc.assert(
      fc.property(hostile, (parts) => {
        let policy: TlogPolicy
        try {
          policy = parse(parts.join(""))
        } catch (error) {
          if (!(error instanceof LogError)) throw error
          return
        }
        accepted++
        expect(parsePolicy(formatPolicy(policy))).toEqual(policy)
      }),
      { numRuns: 2_000, examples: [[["quorum ", "none", "\n"]], [[three, "quorum ", "g", "\n"]]] },
    )
    expect(accepted).toBeGreaterThan(1)
  })
})

describe("quorum", () => {
  const names = (keys: readonly { readonly name: string }[]) => keys.map(({ name }) => name)

  test("[L9.4] two of three, and who is missing", () => {
    const policy = parse(`${witnessLines(3)}group g 2 w0 w1 w2\nquorum g\n`)
    const judged = (...who: number[]) =>
      judgeQuorum(
        policy,
        who.map((i) => witnessKey(i)),
      )
    expect(judged()).toMatchObject({ isSatisfied: false })
    expect(names(judged(1).missing)).toEqual(["w0", "w2"])
    expect(judged(1).isSatisfied).toBe(false)
    expect(judged(1, 1).isSatisfied).toBe(false)
    expect(judged(1, 2).isSatisfied).toBe(true)
    expect(names(judged(1, 2).missing)).toEqual(["w0"])
    expect(judged(0, 1, 2)).toEqual({ isSatisfied: true, missing: [] })
  })

  test("[L9.4] the specification's example: two of X and one of Y", () => {
    const text = `${witnessLines(6)}group X 2 w0 w1 w2\ngroup Y any w3 w4 w5\ngroup both all X Y\nquorum both\n`
    const policy = parse(text)
    const judged = (...who: number[]) =>
      judgeQuorum(
        policy,
        who.map((i) => witnessKey(i)),
      ).isSatisfied
    expect(judged(0, 1, 2)).toBe(false)
    expect(judged(0, 3, 4, 5)).toBe(false)
    expect(judged(0, 2, 4)).toBe(true)
  })

  test("[L9.4] who is not below the quorum counts for nothing, nor does the same key as another cosigner", () => {
    const policy = parse(`${witnessLines(3)}group g 1 w0 w1\nquorum g\n`)
    expect(judgeQuorum(policy, [witnessKey(2)]).isSatisfied).toBe(false)
    expect(judgeQuorum(policy, [witnessKey(0, "other")]).isSatisfied).toBe(false)
    expect(judgeQuorum(policy, [logKey(0, "w.example/0")]).isSatisfied).toBe(false)
    expect(judgeQuorum(policy, [witnessKey(0)]).isSatisfied).toBe(true)
  })

  test("[L9.1] a single witness, and none", () => {
    const one = parse(`${witnessLines(2)}quorum w1\n`)
    expect(judgeQuorum(one, [witnessKey(0)])).toMatchObject({ isSatisfied: false })
    expect(judgeQuorum(one, [witnessKey(1)])).toEqual({ isSatisfied: true, missing: [] })
    expect(judgeQuorum(parse("quorum none\n"), [])).toEqual({ isSatisfied: true, missing: [] })
  })

  test("[L9.4] only the logs that are named as the origin are believed about it", () => {
    const policy = parse(`log ${formatVkey(logKey(1))}\nlog ${formatVkey(logKey(2))}\n${witnessLine(0)}quorum w0\n`)
    const trust = policyTrust(policy, "log.example/2")
    expect(trust).toEqual({ origin: "log.example/2", logKeys: [logKey(2)], witnessKeys: [witnessKey(0)] })
  })
})

describe("time", () => {
  const at = (key: NoteKey, timestamp: number | undefined) => ({ key, timestamp })

  test("[L8.4] the w-th largest of distinct keys", () => {
    const lines = [at(witnessKey(0), 500), at(witnessKey(1), 900), at(witnessKey(2), 700), at(logKey(3), undefined)]
    expect([1, 2, 3, 4].map((needed) => cosignedTime(lines, needed))).toEqual([900, 700, 500, undefined])
    expectCode("out_of_range", () => cosignedTime(lines, 0))
  })

  test("[L8.4] a key under two names counts once, with its newest time", () => {
    const lines = [at(witnessKey(0), 900), at(witnessKey(0, "again"), 950), at(witnessKey(1), 100)]
    expect([1, 2, 3].map((needed) => cosignedTime(lines, needed))).toEqual([950, 100, undefined])
  })

  test("[L8.4] w-1 liars cannot move the time past the newest honest one", () => {
    const times = fc.array(fc.nat({ max: 1_000 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(times, times, (honest, lies) => {
        const lines = [...honest, ...lies.map((lie) => lie + 10_000)].map((time, i) => at(witnessKey(i), time))
        expect(cosignedTime(lines, lies.length + 1)).toBeLessThanOrEqual(Math.max(...honest))
      }),
    )
  })

  test("[L8.5] the w-th smallest of distinct keys, each with its newest time", () => {
    const lines = [at(witnessKey(0), 500), at(witnessKey(1), 900), at(witnessKey(2), 700), at(witnessKey(2), 100)]
    expect([1, 2, 3, 4].map((needed) => cosignedBy(lines, needed))).toEqual([500, 700, 900, undefined])
    expectCode("out_of_range", () => cosignedBy(lines, 0))
  })

  test("[L8.5] w-1 liars cannot move the time before the oldest honest one", () => {
    const times = fc.array(fc.nat({ max: 1_000 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(times, times, (honest, lies) => {
        const lines = [...honest.map((time) => time + 10_000), ...lies].map((time, i) => at(witnessKey(i), time))
        expect(cosignedBy(lines, lies.length + 1)).toBeGreaterThanOrEqual(Math.min(...honest) + 10_000)
      }),
    )
  })
})
