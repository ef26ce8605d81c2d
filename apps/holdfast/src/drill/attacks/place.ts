import { randomBytes } from "node:crypto"
import { cpSync, rmSync } from "node:fs"
import path from "node:path"
import { openRelayData } from "@holdfast/relay"
import { toRelayId } from "@holdfast/wire"
import type { Attack } from "../attack.ts"
import { random } from "../attacker.ts"
import { hears, isOnline, type Person } from "../person.ts"
import { connectRaw, refusalOf } from "../raw-connection.ts"
import type { Scene } from "../scene.ts"
import { startTurnedRelay, type TurnedRelay } from "../turned-relay.ts"
import { pause, until } from "../wait.ts"

/** The same organisation on a relay with keys of its own: what a quiet move to another country leaves behind. */
async function moveAway(scene: Scene): Promise<TurnedRelay> {
  const from = path.join(scene.root, "relay")
  const to = path.join(scene.root, "moved")
  cpSync(from, to, { recursive: true })
  // New keys are made only beside an empty folder; the lanes are brought back afterwards.
  const lanes = path.join(to, "lanes.db")
  for (const name of ["identity", "lanes.db", "lanes.db-wal", "lanes.db-shm"])
    rmSync(path.join(to, name), { force: true })
  const made = await openRelayData(to)
  await made.engine.close()
  for (const end of ["", "-wal"]) {
    rmSync(lanes + end, { force: true })
    cpSync(path.join(from, `lanes.db${end}`), lanes + end, { force: true })
  }
  const folder = await openRelayData(to)
  return startTurnedRelay(folder, { hostingCode: folder.hostingCode })
}

async function noticeWrongRelay(scene: Scene, victim: Person): Promise<void> {
  await scene.alarmed([victim], ["wrong_relay"])
  const online = await isOnline(victim)
  scene.measure(`the victim is ${online ? "online" : "not online"} there`)
  if (online) scene.gain("a client that talks to a relay the charter does not name")
}

/** Cut off in some way: seen as offline, nothing lost, everything there afterwards and once. */
function availability(name: string, tries: string, cut: (scene: Scene) => void, heal: (scene: Scene) => void): Attack {
  return {
    name,
    level: "T2",
    promise: "P8",
    tries,
    expected: { kind: "offline" },
    async run(scene) {
      const { ana, ben } = await scene.wake("ana", "ben")
      const { everyone } = scene.stage
      const text = `While the line was down. ${Buffer.from(random(4)).toString("hex")}`
      await scene.lie()
      cut(scene)
      await ana.client.sendText(everyone, text)
      await scene.shown(ana, "offline", async () => !(await isOnline(ana)), { hurry: true })
      if ((await hears(ben, everyone, text)) !== undefined) throw new Error("the relay was not cut off")
      heal(scene)
      await until("the message arrives afterwards", 40_000, async () => {
        for (const one of [ana, ben]) one.clock.advance(500)
        return hears(ben, everyone, text)
      })
      await pause(300)
      const copies = (await ben.client.messages(everyone)).filter(
        ({ body }) => body.kind === "text" && body.text === text,
      ).length
      scene.measure(`what was said meanwhile arrived ${copies} time(s) afterwards`)
      if (copies !== 1) scene.gain(`a message arrived ${copies} times`)
    },
  }
}

export const placeAttacks: readonly Attack[] = [
  {
    name: "silent move: another relay at the same address",
    level: "T2",
    promise: "P3",
    tries: "All lanes are copied to a second relay with keys of its own, and the address is pointed there.",
    expected: { kind: "alarm", kinds: ["wrong_relay"] },
    async run(scene) {
      const { ben } = await scene.wake("ben")
      const moved = await moveAway(scene)
      try {
        await scene.lie()
        ben.route.to = moved.url
        scene.relay.cut(ben.device)
        await noticeWrongRelay(scene, ben)
        scene.measure(`${moved.recorded.length} session signature(s) handed to the other relay`)
        if (moved.recorded.length > 0) scene.gain("a session signature for a relay the charter does not name")
      } finally {
        await moved.close()
      }
    },
  },
  {
    name: "wrong log key",
    level: "T2",
    promise: "P3",
    tries: "The relay presents another log key under its own id.",
    expected: { kind: "alarm", kinds: ["wrong_relay"] },
    async run(scene) {
      const { ben } = await scene.wake("ben")
      const key = random(32)
      await scene.lie()
      scene.relay.rules = { challenge: (challenge) => ({ ...challenge, logPublicKey: key }) }
      scene.relay.cut(ben.device)
      await noticeWrongRelay(scene, ben)
    },
  },
  {
    name: "wrong relay id",
    level: "T2",
    promise: "P3",
    tries: "The relay presents its own log key under another id.",
    expected: { kind: "alarm", kinds: ["wrong_relay"] },
    async run(scene) {
      const { ben } = await scene.wake("ben")
      const id = toRelayId(new Uint8Array(randomBytes(16)))
      await scene.lie()
      scene.relay.rules = { challenge: (challenge) => ({ ...challenge, relay: id }) }
      scene.relay.cut(ben.device)
      await noticeWrongRelay(scene, ben)
    },
  },
  {
    name: "session signature used again",
    level: "T2",
    promise: "P2",
    tries: "A recorded session signature is sent again: to the same relay, and to another that hosts the organisation.",
    expected: { kind: "refused" },
    async run(scene) {
      await scene.wake("ben")
      const hello = scene.relay.recorded[0]?.hello
      if (hello === undefined) throw new Error("no session was recorded")
      const moved = await moveAway(scene)
      try {
        await scene.lie()
        const refusals: string[] = []
        for (const [where, url] of [
          ["this relay", scene.relay.url],
          ["the other relay", moved.url],
        ] as const) {
          const connection = await connectRaw(url)
          const answer = await connection.ask(hello)
          connection.close()
          const code = refusalOf(answer)
          if (code === undefined) scene.gain(`a session as somebody else at ${where}`)
          else refusals.push(`${where}: refused (${code})`)
        }
        if (refusals.length === 2) scene.noticed(refusals.join(", "))
      } finally {
        await moved.close()
      }
    },
  },
  availability(
    "cut off",
    "The relay breaks every connection and lets nobody back in for a while.",
    (scene) => scene.relay.open(false),
    (scene) => scene.relay.open(true),
  ),
  availability(
    "stalled",
    "The relay keeps every connection open and answers nothing any more.",
    (scene) => {
      scene.relay.rules = { request: () => "swallow" }
    },
    (scene) => {
      scene.relay.rules = {}
    },
  ),
]
