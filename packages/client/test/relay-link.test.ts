import { createManualTimers, type ManualTimers } from "@holdfast/testkit"
import { decode, encode, failure, type Operation, Reply, Request } from "@holdfast/wire"
import { beforeEach, describe, expect, test } from "vitest"
import type { Socket } from "../src/ports.ts"
import { createRelayLink, type RelayLink, type RelayLinkDeps, readChallenge } from "../src/relay-link.ts"

/** The relay's end of one socket, as the test plays it. */
interface FakeRelay {
  readonly url: string
  readonly requests: Request[]
  isOpen: boolean
  say(id: number, op: Reply["op"]): void
  raw(bytes: Uint8Array): void
  break(): void
}

let timers: ManualTimers
let relays: FakeRelay[]
let events: string[]
let refuse: (url: string) => boolean
let deps: RelayLinkDeps

const challenge = {
  kind: "challenge",
  value: {
    version: 1,
    nonce: new Uint8Array(32),
    relay: new Uint8Array(16) as never,
    logPublicKey: new Uint8Array(32),
  },
} as const
const opened = {
  kind: "sessionOpened",
  value: {
    token: new Uint8Array(32),
    charter: { lane: new Uint8Array(16) as never, size: 0 },
    lanes: [],
    framesPerDay: 1,
    blobBytesPerDay: 1,
  },
} as const
const ping: Operation = { kind: "ping", value: {} }

function openSocket(url: string): Promise<Socket> {
  if (refuse(url)) return Promise.reject(new Error("refused"))
  let onMessage: (bytes: Uint8Array) => void = () => {}
  let onClose = () => {}
  const relay: FakeRelay = {
    url,
    requests: [],
    isOpen: true,
    say: (id, op) => onMessage(encode(Reply, { id, op })),
    raw: (bytes) => onMessage(bytes),
    break: () => onClose(),
  }
  relays.push(relay)
  return Promise.resolve({
    send: (bytes) => void relay.requests.push(decode(Request, bytes)),
    close: () => {
      relay.isOpen = false
    },
    onMessage: (listener) => {
      onMessage = listener
    },
    onClose: (listener) => {
      onClose = listener
    },
  })
}

beforeEach(() => {
  timers = createManualTimers()
  relays = []
  events = []
  refuse = () => false
  deps = {
    network: { openSocket, fetch: () => Promise.reject(new Error("no")) },
    timers,
    randomBytes: (length) => new Uint8Array(length),
    urls: () => ["http://one.test", "http://two.test"],
    prologue: () => undefined,
    hello: async () => ({ kind: "helloReader", value: { org: new Uint8Array(32) as never } }),
    onOpen: ({ url }) => void events.push(`open ${url}`),
    onFrames: () => void events.push("frames"),
    onWitnessed: (note) => void events.push(`witnessed ${note}`),
    onState: (state) => void events.push(state),
    onRefused: (code) => void events.push(`refused ${code}`),
    onJunk: (url) => void events.push(`junk ${url}`),
  }
})

function relay(): FakeRelay {
  return relays.at(-1) as FakeRelay
}

async function online(): Promise<RelayLink> {
  const link = createRelayLink(deps)
  link.start()
  await timers.advance(0)
  relay().say(0, challenge)
  await timers.advance(0)
  relay().say(relay().requests[0]?.id as number, opened)
  await timers.advance(0)
  expect(link.state()).toBe("online")
  return link
}

describe("a session", () => {
  test("[E8.1] challenge, hello, open, and requests answered by id in any order", async () => {
    const link = await online()
    expect(events).toEqual(["online", "open http://one.test"])
    const first = link.request(ping)
    const second = link.request(ping)
    const [, a, b] = relay().requests as [Request, Request, Request]
    relay().say(b.id, { kind: "done", value: {} })
    relay().say(a.id, { kind: "failure", value: failure("quota") })
    expect((await first).kind).toBe("failure")
    expect((await second).kind).toBe("done")
  })

  test("[E8.1] what comes before the hello is answered first", async () => {
    const answers: string[] = []
    deps = {
      ...deps,
      prologue: () => ({
        operation: { kind: "found", value: { hostingCode: "x", genesis: new Uint8Array(3) } },
        onAnswer: ({ kind }) => void answers.push(kind),
      }),
    }
    const link = createRelayLink(deps)
    link.start()
    await timers.advance(0)
    relay().say(0, challenge)
    await timers.advance(0)
    expect(relay().requests.map(({ op }) => op.kind)).toEqual(["found"])
    relay().say(relay().requests[0]?.id as number, { kind: "founded", value: { org: new Uint8Array(32) as never } })
    await timers.advance(0)
    expect(relay().requests.map(({ op }) => op.kind)).toEqual(["found", "helloReader"])
    expect(answers).toEqual(["founded"])
    link.close()
  })

  test("[E8.2] nothing can be asked without a session", async () => {
    const link = createRelayLink(deps)
    await expect(link.request(ping)).rejects.toMatchObject({ code: "relay_unreachable" })
    link.start()
    await timers.advance(0)
    await expect(link.request(ping)).rejects.toMatchObject({ code: "relay_unreachable" })
    link.close()
    expect(timers.waiting()).toBe(0)
  })

  test("[E8.2] a request without an answer ends the connection after 20 s, and a new one is made", async () => {
    const link = await online()
    const asked = link.request(ping)
    const seen = expect(asked).rejects.toMatchObject({ code: "relay_unreachable" })
    await timers.advance(20_000)
    await seen
    expect(relays[0]?.isOpen).toBe(false)
    await timers.advance(500)
    expect(relays).toHaveLength(2)
    link.close()
  })

  test("[E8.2] a quiet connection is asked for a sign of life", async () => {
    const link = await online()
    await timers.advance(25_000)
    expect(relay().requests.at(-1)?.op.kind).toBe("ping")
    relay().say(relay().requests.at(-1)?.id as number, { kind: "done", value: {} })
    await timers.advance(25_000)
    expect(relay().requests.filter(({ op }) => op.kind === "ping")).toHaveLength(2)
    await timers.advance(20_000)
    expect(relays[0]?.isOpen).toBe(false)
    link.close()
  })
})

describe("coming back", () => {
  test("[E8.2] pauses double up to half a minute, and the addresses take turns", async () => {
    refuse = () => true
    const tried: string[] = []
    deps = {
      ...deps,
      network: {
        ...deps.network,
        openSocket: (url) => {
          tried.push(`${url} ${timers.now() - 1_800_000_000_000}`)
          return openSocket(url)
        },
      },
    }
    const link = createRelayLink(deps)
    link.start()
    await timers.advance(10_000)
    expect(tried.slice(0, 5)).toEqual([
      "http://one.test 0",
      "http://two.test 250",
      "http://one.test 750",
      "http://two.test 1750",
      "http://one.test 3750",
    ])
    await timers.advance(300_000)
    const times = tried.map((line) => Number(line.split(" ")[1]))
    expect((times.at(-1) as number) - (times.at(-2) as number)).toBe(15_000)
    refuse = () => false
    await timers.advance(20_000)
    expect(relays).toHaveLength(1)
    link.close()
  })

  test("[E8.2] an address that does not answer at all is given up after 15 s", async () => {
    deps = { ...deps, network: { ...deps.network, openSocket: () => new Promise(() => {}) } }
    const link = createRelayLink(deps)
    link.start()
    await timers.advance(14_999)
    expect(link.state()).toBe("connecting")
    await timers.advance(1)
    expect(link.state()).toBe("offline")
    link.close()
  })

  test("[E8.3] a relay that the engine refuses hears no hello, and the next address is tried", async () => {
    deps = { ...deps, hello: () => Promise.reject(new Error("not ours")) }
    const link = createRelayLink(deps)
    link.start()
    await timers.advance(0)
    relay().say(0, challenge)
    await timers.advance(0)
    expect(relay().requests).toEqual([])
    expect(relay().isOpen).toBe(false)
    await timers.advance(500)
    expect(relay().url).toBe("http://two.test")
    link.close()
  })

  test("[E8.1] a refused hello is told, with its code", async () => {
    const link = createRelayLink(deps)
    link.start()
    await timers.advance(0)
    relay().say(0, challenge)
    await timers.advance(0)
    relay().say(relay().requests[0]?.id as number, { kind: "failure", value: failure("not_authenticated") })
    await timers.advance(0)
    expect(events).toContain("refused not_authenticated")
    expect(link.session()).toBeUndefined()
    link.close()
  })

  test.each<[string, (relay: FakeRelay) => void]>([
    ["bytes that are no message", (one) => one.raw(new Uint8Array([1, 2, 3]))],
    ["a second challenge", (one) => one.say(0, challenge)],
    ["an answer that nobody asked for as a push", (one) => one.say(0, { kind: "done", value: {} })],
  ])("[E8.2] %s: the connection ends, and it is told", async (_, lie) => {
    const link = await online()
    lie(relay())
    expect(events).toContain("junk http://one.test")
    expect(relays[0]?.isOpen).toBe(false)
    link.close()
  })

  test("[E8.2] another protocol version is not spoken to", async () => {
    const link = createRelayLink(deps)
    link.start()
    await timers.advance(0)
    relay().say(0, { ...challenge, value: { ...challenge.value, version: 2 } })
    await timers.advance(0)
    expect(relay().requests).toEqual([])
    expect(relay().isOpen).toBe(false)
    link.close()
  })

  test("[W5.14] a checkpoint that witnesses have cosigned is passed on, and never before the hello", async () => {
    const push = { kind: "checkpoint", value: { lane: new Uint8Array(16) as never, note: "note" } } as const
    const early = createRelayLink(deps)
    early.start()
    await timers.advance(0)
    relay().say(0, push)
    expect(events).not.toContain("witnessed note")
    early.close()
    await online()
    relay().say(0, push)
    expect(events).toContain("witnessed note")
  })

  test("a goodbye and a broken connection end the session; requests under way are refused", async () => {
    const link = await online()
    const asked = link.request(ping)
    const seen = expect(asked).rejects.toMatchObject({ code: "relay_unreachable" })
    relay().say(0, { kind: "goodbye", value: failure("forbidden", "device_removed") })
    await seen
    expect(events).toContain("refused forbidden")
    await timers.advance(500)
    relay().break()
    expect(link.state()).toBe("offline")
    link.restart()
    await timers.advance(0)
    expect(relay().url).toBe("http://one.test")
    link.close()
    await timers.advance(60_000)
    expect(relays.every(({ isOpen }) => !isOpen)).toBe(true)
  })
})

test("[E1.6] whoever founds reads the challenge and says nothing", async () => {
  const read = readChallenge(deps.network, timers, "http://one.test")
  await timers.advance(0)
  relay().say(0, challenge)
  expect((await read).version).toBe(1)
  expect(relay().requests).toEqual([])
  refuse = () => true
  await expect(readChallenge(deps.network, timers, "http://one.test")).rejects.toMatchObject({
    code: "relay_unreachable",
  })
})
