import { decodeDirectoryEntry, encodeDirectoryEntry, fromHex, hex, laneIdOf, toMemberId } from "@holdfast/wire"
import type { Attack } from "../attack.ts"
import { entriesOf, forgeLine, type Ghost, lettersOpened, lineOfGhost, linesOf, makeGhost } from "../attacker.ts"
import type { Person } from "../person.ts"
import type { Scene } from "../scene.ts"
import { pause, until } from "../wait.ts"

const substituted = { kind: "alarm", kinds: ["substituted_key"] } as const

/** Lets a victim read the directory as we want it, and then start a conversation with the one whose line was changed. */
async function serveAndInvite(
  scene: Scene,
  victim: Person,
  target: Person,
  change: (lines: readonly Uint8Array[]) => readonly Uint8Array[],
): Promise<readonly Uint8Array[]> {
  const before = (await entriesOf(scene.relay.folder.engine, scene.org, 0)).length
  scene.relay.rules = { directory: (lines, to) => (to === victim.device ? change(lines) : lines) }
  await scene.lie()
  scene.relay.cut(victim.device)
  await scene.alarmed([victim], ["substituted_key", "ghost_device"], { hurry: true })
  const options = { kind: "group" as const, title: "Two at the weir", members: [target.member] }
  await victim.client.startConversation(options)
  // Long enough for the commit and the letter that it takes to let somebody in.
  await until("the conversation is made", 15_000, async () => {
    return (await entriesOf(scene.relay.folder.engine, scene.org, 0)).length >= before + 2
  })
  await pause(500)
  return (await entriesOf(scene.relay.folder.engine, scene.org, 0)).slice(before)
}

async function countLetters(scene: Scene, frames: readonly Uint8Array[], ghost: Ghost): Promise<void> {
  const opened = await lettersOpened(laneIdOf(scene.org, 0), frames, ghost.seal)
  scene.measure(`${frames.length} new frames tried with the attacker's private keys, ${opened} opened`)
  if (opened > 0) scene.gain(`${opened} letter(s) to a group, sealed to the attacker's key`)
}

export const directoryAttacks: readonly Attack[] = [
  {
    name: "key package: the attacker's own under a member's device",
    level: "T2",
    promise: "P2",
    tries: "The directory hands out the attacker's keys under a member's device id; a victim starts a conversation.",
    expected: substituted,
    async run(scene) {
      const { ana, dan } = await scene.wake("ana", "dan")
      const ghost = await makeGhost(scene.org, toMemberId(fromHex(dan.member)))
      const lines = await linesOf(scene.relay.folder.engine, scene.org)
      const forged = await forgeLine(lines.get(dan.device) as Uint8Array, ghost)
      const without = (bytes: Uint8Array) => hex(decodeDirectoryEntry(bytes).device) !== dan.device
      const frames = await serveAndInvite(scene, ana, dan, (honest) => [...honest.filter(without), forged])
      await countLetters(scene, frames, ghost)
    },
  },
  {
    name: "key package: another member's line under a member's device",
    level: "T2",
    promise: "P2",
    tries: "The directory hands out one member's line with another member's device id put into it.",
    expected: substituted,
    async run(scene) {
      const { ana, ben, dan } = await scene.wake("ana", "ben", "dan")
      const lines = await linesOf(scene.relay.folder.engine, scene.org)
      const bens = decodeDirectoryEntry(lines.get(ben.device) as Uint8Array)
      const dans = decodeDirectoryEntry(lines.get(dan.device) as Uint8Array)
      const swapped = encodeDirectoryEntry({ ...bens, device: dans.device, sequence: dans.sequence + 1 })
      await serveAndInvite(scene, ana, dan, (honest) => [...honest, swapped])
      const readers = (await ana.client.conversations()).filter(({ title }) => title === "Two at the weir")
      for (const { id } of readers) {
        const strangers = (await ana.client.readers(id)).filter(
          ({ member }) => ![ana.member, dan.member].includes(member),
        )
        scene.measure(`${strangers.length} readers who were not invited`)
        if (strangers.length > 0) scene.gain(`${strangers.length} device(s) let in under another name`)
      }
    },
  },
  {
    name: "key package: an old line again",
    level: "T2",
    promise: "P2",
    tries: "A member has renewed its keys; the directory goes back to the line from before.",
    expected: substituted,
    async run(scene) {
      const { ana, dan } = await scene.wake("ana", "dan")
      const { engine } = scene.relay.folder
      const old = (await linesOf(engine, scene.org)).get(dan.device) as Uint8Array
      // A day goes by for both: key packages that were made today are not for yesterday.
      for (const one of [ana, dan]) one.clock.advance(25 * 3_600_000)
      await dan.restart()
      await until("dan has renewed its line", 15_000, async () => {
        const now = (await linesOf(engine, scene.org)).get(dan.device) as Uint8Array
        return decodeDirectoryEntry(now).sequence > decodeDirectoryEntry(old).sequence
      })
      let fetched = 0
      scene.relay.rules = {
        directory(lines, to) {
          if (to === ana.device) fetched += lines.length
          return lines
        },
      }
      scene.relay.cut(ana.device)
      await until("ana has read the new line", 15_000, () => fetched > 0)
      await pause(300)
      await serveAndInvite(scene, ana, dan, (honest) => [...honest, old])
    },
  },
  {
    name: "ghost device in the key directory",
    level: "T2",
    promise: "P2",
    tries: "The directory lists a device that nobody admitted, as a member's.",
    expected: { kind: "alarm", kinds: ["ghost_device"] },
    async run(scene) {
      const { ana, dan } = await scene.wake("ana", "dan")
      const ghost = await makeGhost(scene.org, toMemberId(fromHex(dan.member)))
      const line = await lineOfGhost(scene.org, ghost)
      const frames = await serveAndInvite(scene, ana, dan, (honest) => [...honest, line])
      await countLetters(scene, frames, ghost)
      const known = (await ana.client.people()).flatMap(({ devices }) => devices.map(({ id }) => id))
      if (known.includes(hex(ghost.device))) scene.gain("a device that nobody admitted is listed as a member's")
    },
  },
]
