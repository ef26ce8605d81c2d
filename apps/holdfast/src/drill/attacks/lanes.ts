import { ClientError } from "@holdfast/client"
import type { Attack } from "../attack.ts"
import { random } from "../attacker.ts"
import type { Edit, LaneView } from "../lane-view.ts"
import { heardBy, type Person, textOf } from "../person.ts"
import type { Scene } from "../scene.ts"
import { pause, until } from "../wait.ts"

/** Something new for each run, so that it is known again wherever it turns up. */
const words = (text: string) => `${text} ${Buffer.from(random(4)).toString("hex")}`

/** Sends without waiting for those who are lied to. Nothing is sent once a lie was noticed. */
async function sendSoon(from: Person, conversation: string, text: string): Promise<void> {
  try {
    const id = await from.client.sendText(conversation, text)
    await until(`${from.name} has sent`, 5_000, async () => {
      const { standing } = await from.client.overview()
      const shown = (await heardBy(from, conversation)).find((message) => message.id === id)
      return standing === "stopped" || shown?.state === "sent"
    })
  } catch (error) {
    // Whoever has caught the relay lying sends nothing any more.
    if (!(error instanceof ClientError) || error.code !== "stopped") throw error
  }
}

/** Texts that a person was shown more than once. */
async function shownTwice(person: Person, conversation: string): Promise<number> {
  const texts = (await heardBy(person, conversation)).flatMap((message) => textOf(message) ?? [])
  return texts.length - new Set(texts).size
}

interface LaneLie {
  readonly name: string
  readonly tries: string
  readonly kinds: readonly string[]
  /** Told about the frames that come after `from`. */
  edit(from: number, view: LaneView): Edit
  /** For a second victim, told something else. */
  also?(from: number, view: LaneView): Edit
  /** What this came to, beyond the alarm. */
  look?(scene: Scene, victim: Person): Promise<void>
}

/** One victim's view of the message lane is changed; people go on talking, because a lie is found where two people meet. */
function laneLie({ name, tries, kinds, edit, also, look }: LaneLie): Attack {
  return {
    name,
    level: "T2",
    promise: "P4",
    tries,
    expected: { kind: "alarm", kinds },
    async run(scene) {
      const { ana, ben, cem } = await scene.wake("ana", "ben", "cem")
      const view = scene.relay.view(scene.org, 0, ben.device)
      await view.sync()
      await scene.lie()
      view.edit = edit(view.realSize, view)
      if (also !== undefined) {
        const other = scene.relay.view(scene.org, 0, cem.device)
        await other.sync()
        other.edit = also(other.realSize, other)
      }
      const { everyone } = scene.stage
      await sendSoon(ana, everyone, words("Boats at the lock."))
      await sendSoon(cem, everyone, words("Seen."))
      await sendSoon(ana, everyone, words("Keep away from the bridge."))
      await scene.alarmed([ben, ana, cem], kinds)
      await look?.(scene, ben)
    },
  }
}

const forked = ["fork", "reordered", "doubled", "withheld"] as const

function flipped(frame: Uint8Array, at: number): Uint8Array {
  const out = frame.slice()
  out[at] = (out[at] as number) ^ 0x10
  return out
}

export const laneAttacks: readonly Attack[] = [
  laneLie({
    name: "lane: one frame dropped",
    tries: "One victim is not shown one message; its view of the lane is signed as if it had never been.",
    kinds: forked,
    edit: (from) => (frame, index) => (index === from ? [] : [frame]),
  }),
  laneLie({
    name: "lane: two frames exchanged",
    tries: "One victim is shown two messages in the other order, under a signed root of that order.",
    kinds: forked,
    edit(from) {
      let held: Uint8Array | undefined
      return (frame, index) => {
        if (index === from) {
          held = frame
          return []
        }
        if (index === from + 1 && held !== undefined) return [frame, held]
        return [frame]
      }
    },
  }),
  laneLie({
    name: "lane: one frame twice",
    tries: "One victim is shown the same message twice, the second time under a new index.",
    kinds: forked,
    edit: (from) => (frame, index) => (index === from ? [frame, frame] : [frame]),
    async look(scene, victim) {
      const twice = await shownTwice(victim, scene.stage.everyone)
      scene.measure(`${twice} message(s) shown twice`)
      if (twice > 0) scene.gain(`${twice} message(s) counted twice`)
    },
  }),
  laneLie({
    name: "lane: forked between two members",
    tries: "Two victims are shown different frames at the same index, each under a root with the relay's signature.",
    kinds: forked,
    edit: (from) => (frame, index) => (index === from ? [random(frame.length)] : [frame]),
    also: (from) => (frame, index) => (index === from ? [random(frame.length)] : [frame]),
  }),
  laneLie({
    name: "lane: frames of nobody's put in between",
    tries: "One victim is shown frames that nobody wrote, between real ones.",
    kinds: forked,
    edit: (from) => (frame, index) => (index === from ? [random(512), random(4_096), frame] : [frame]),
  }),
  laneLie({
    name: "lane: a bit of a frame's content turned over",
    tries: "One bit inside a sealed message is changed for one victim; tag and root fit.",
    kinds: ["junk", ...forked],
    edit: (from) => (frame, index) => (index === from ? [flipped(frame, 200)] : [frame]),
  }),
  laneLie({
    name: "lane: a bit of a frame's tag turned over",
    tries: "One bit of a message's tag is changed for one victim, so that it looks like somebody else's.",
    kinds: ["junk", ...forked],
    edit: (from) => (frame, index) => (index === from ? [flipped(frame, 3)] : [frame]),
  }),
  {
    name: "lane: a root that the frames do not lead to",
    level: "T2",
    promise: "P4",
    tries: "One victim gets true frames under a signed checkpoint with another root.",
    expected: { kind: "alarm", kinds: ["bad_checkpoint", "reordered", "fork"] },
    async run(scene) {
      const { ana, ben } = await scene.wake("ana", "ben")
      const view = scene.relay.view(scene.org, 0, ben.device)
      await view.sync()
      const wrong = random(32)
      await scene.lie()
      view.falseRoot = () => wrong
      await sendSoon(ana, scene.stage.everyone, words("Under a false root."))
      await scene.alarmed([ben], ["bad_checkpoint", "reordered", "fork"])
    },
  },
  {
    name: "lane: an old prefix after more was shown",
    level: "T2",
    promise: "P4",
    tries: "A victim that has read to the end is cut off and then served the lane as it was some frames ago.",
    expected: { kind: "alarm", kinds: ["rollback", "fork"] },
    async run(scene) {
      const { ana, ben } = await scene.wake("ana", "ben")
      await sendSoon(ana, scene.stage.everyone, words("This will be taken back."))
      await pause(500)
      await rollBack(scene, ben, 0)
      await scene.alarmed([ben], ["rollback", "fork"])
    },
  },
  {
    name: "lane: an old prefix after a restart",
    level: "T2",
    promise: "P4",
    tries: "The same while the victim's program is not running: it has to remember what it had seen.",
    expected: { kind: "alarm", kinds: ["rollback", "fork"] },
    async run(scene) {
      const { ana, ben } = await scene.wake("ana", "ben")
      await sendSoon(ana, scene.stage.everyone, words("This will be taken back."))
      await pause(500)
      await rollBack(scene, ben, 0, () => ben.restart())
      await scene.alarmed([ben], ["rollback", "fork"])
    },
  },
  {
    name: "charter: an old prefix after a restart",
    level: "T2",
    promise: "P4",
    tries: "A victim's program starts again and is served the charter as it was some entries ago.",
    expected: { kind: "alarm", kinds: ["rollback", "fork"] },
    async run(scene) {
      const { ben } = await scene.wake("ben")
      await rollBack(scene, ben, "charter", () => ben.restart())
      await scene.alarmed([ben], ["rollback", "fork"])
    },
  },
  {
    name: "lane: frames of another organisation",
    level: "T2",
    promise: "P4",
    tries: "A victim's lane is answered with the frames and the checkpoint of another organisation's lane.",
    expected: { kind: "alarm", kinds: ["bad_checkpoint", "reordered", "wrong_relay", "fork", "junk"] },
    async run(scene) {
      const { ana, ben } = await scene.wake("ana", "ben")
      const other = await scene.foundAnother()
      const theirs = scene.relay.view(other, 0, "nobody")
      await theirs.sync()
      const head = await theirs.head()
      await scene.lie()
      scene.relay.rules = {
        frames(frames, to) {
          if (to !== ben.device) return frames
          return { ...frames, frames: [...theirs.frames(0, 4)], size: head.size, checkpoint: head.note }
        },
      }
      await sendSoon(ana, scene.stage.everyone, words("Not for the others."))
      await scene.alarmed([ben], ["bad_checkpoint", "reordered", "wrong_relay", "fork", "junk"])
    },
  },
  {
    name: "relay says stored and forgets",
    level: "T2",
    promise: "P8",
    tries: "The relay confirms a message that it never puts into the lane.",
    expected: { kind: "alarm", kinds: ["withheld", "fork"] },
    async run(scene) {
      const { ana, ben } = await scene.wake("ana", "ben")
      const view = scene.relay.view(scene.org, 0, ben.device)
      await view.sync()
      const text = words("Confirmed and lost.")
      let isLying = true
      scene.relay.rules = {
        request(op, from) {
          if (!isLying || op.kind !== "append" || from !== ben.device) return "pass"
          return { kind: "appended", value: { indices: op.value.frames.map((_, i) => view.size + i) } }
        },
      }
      await scene.lie()
      await ben.client.sendText(scene.stage.everyone, text)
      await scene.alarmed([ben], ["withheld", "fork"], { hurry: true })
      const shown = (await heardBy(ben, scene.stage.everyone)).find((message) => textOf(message) === text)
      scene.measure(`meanwhile the sender's own message counts as "${shown?.state ?? "gone"}"`)
      if (shown?.state === "sent") scene.gain("a message counted as sent that nobody will ever get")
      isLying = false
      scene.measure(`${(await heardBy(ana, scene.stage.everyone)).length} messages with the others`)
    },
  },
]

/** Takes the end of a lane away from somebody who has seen it. `between`: what the victim does meanwhile. */
async function rollBack(
  scene: Scene,
  victim: Person,
  lane: "charter" | number,
  between?: () => Promise<void>,
): Promise<void> {
  const view = scene.relay.view(scene.org, lane, victim.device)
  await view.sync()
  await scene.lie()
  view.rollBack(view.size - 2)
  if (between === undefined) scene.relay.cut(victim.device)
  else await between()
}
