import type { Id } from "@holdfast/client"
import type { LaneEvent } from "@holdfast/lanes"
import { makeKeyPackage } from "@holdfast/mls"
import { fromHex, hex, laneIdOf, type MessageId, toConversationId, toMemberId } from "@holdfast/wire"
import type { Attack } from "../attack.ts"
import { charterOf, entriesOf, makeGhost, random } from "../attacker.ts"
import { hears, type Person, say } from "../person.ts"
import type { Scene } from "../scene.ts"
import { lyingView, openedByBruteForce, readOn, replicaOf, replicaOfGhost, stealDevice } from "../stolen-device.ts"
import { pause, until } from "../wait.ts"

const marked = (text: string) => `${text} ${hex(random(4))}`

/** Plaintext that came out of these events, from an index on. */
function bytesRead(events: readonly LaneEvent[], from: number): number {
  return events.reduce((sum, event) => {
    return event.kind === "message" && event.index >= from ? sum + event.plaintext.length : sum
  }, 0)
}

/** Two keepers decide, and the others' clients carry it out. */
async function removeMember(by: Person, and: Person, target: Person, group: Id): Promise<void> {
  const proposal = await by.client.proposeRemoveMember(target.member)
  for (const keeper of [by, and]) {
    const found = await until(`${keeper.name} sees the proposal`, 15_000, async () =>
      (await keeper.client.proposals()).find(({ id }) => id === proposal),
    )
    if (found.mine === "can-approve") await keeper.client.approve(proposal)
  }
  for (const one of [by, and]) {
    await until(`${target.name} is out of the group`, 30_000, async () => {
      const readers = await one.client.readers(group)
      const state = (await one.client.conversations()).find(({ id }) => id === group)?.state
      return state === "open" && !readers.some(({ member }) => member === target.member)
    })
  }
}

async function append(scene: Scene, frames: readonly Uint8Array[]): Promise<void> {
  const entries = frames.map((bytes) => ({ messageId: random(16) as MessageId, bytes }))
  await scene.relay.folder.engine.append(laneIdOf(scene.org, 0), entries)
}

export const memberAttacks: readonly Attack[] = [
  {
    name: "ghost leaf: a turned member lets in a device that is not in the charter",
    level: "T2",
    promise: "P2",
    tries: "A member's own program, turned, commits a ghost into a group and sends it the welcome; the relay helps.",
    expected: { kind: "alarm", kinds: ["ghost_member", "junk"] },
    async run(scene) {
      const { ana, ben, dan } = await scene.wake("ana", "ben", "dan")
      const { engine } = scene.relay.folder
      const { group } = scene.stage
      const stolen = await stealDevice(dan)
      const charter = await charterOf(engine, scene.org)
      const ghost = await makeGhost(scene.org, toMemberId(fromHex(dan.member)))
      const view = () => lyingView(charter, [ghost.device])
      const seconds = Math.floor(Date.now() / 1_000)
      const pair = await makeKeyPackage(
        { identity: ghost.identity, publicKey: ghost.signer.publicKey, privateKey: ghost.seed },
        { lifetime: { notBefore: seconds - 3_600, notAfter: seconds + 86_400 } },
      )
      const turned = await replicaOf(stolen, scene.org, view)
      await readOn(turned, await entriesOf(engine, scene.org, 0))

      const shown = scene.relay.view(scene.org, "charter", "nobody")
      await shown.sync()
      const invitee = { device: ghost.device, keyPackage: pair.publicBytes, sealKey: ghost.seal.publicKey }
      const change = { add: [invitee], note: (await shown.head()).note, now: seconds }
      const { frames } = await turned.change(toConversationId(fromHex(group)), change, "a ghost")
      turned.flush({ put: () => {}, delete: () => {} })
      await scene.lie()
      await append(scene, frames)
      await readOn(turned, await entriesOf(engine, scene.org, 0))
      for (const { due } of turned.due()) {
        const letters = await turned.writeWelcomes(due)
        turned.flush({ put: () => {}, delete: () => {} })
        for (const frame of letters.frames) await append(scene, [frame])
      }
      await scene.alarmed([ana, ben], ["ghost_member", "junk"])

      const before = (await entriesOf(engine, scene.org, 0)).length
      await say(ana, [ben], group, marked("The ghost must not read this."))
      await say(ben, [ana], group, marked("Nor this."))
      const eavesdropper = await replicaOfGhost(ghost, pair, scene.org, view)
      const events = await readOn(eavesdropper, await entriesOf(engine, scene.org, 0))
      const joined = events.filter(({ kind }) => kind === "joined").length
      const read = bytesRead(events, before)
      scene.measure(`the ghost's program joined ${joined} group(s) and read ${read} bytes of what honest members said`)
      if (read > 0) scene.gain(`${read} bytes of messages read by a ghost`)
      const believers = await Promise.all(
        [ana, ben].map(async ({ client }) =>
          (await client.readers(group)).some(({ device }) => device.id === hex(ghost.device)),
        ),
      )
      const count = believers.filter((believes) => believes).length
      scene.measure(`${count} of 2 honest clients count the ghost among the readers`)
      if (count > 0) scene.gain(`${count} honest client(s) with a ghost in the group`)
    },
  },
  {
    name: "removed member: old keys and every later frame",
    level: "T2",
    promise: "P1",
    tries: "A member is removed; the attacker has all of its store from the minute before, and gets every frame after.",
    expected: { kind: "nothing" },
    async run(scene) {
      const { ana, ben, dan } = await scene.wake("ana", "ben", "dan")
      const { engine } = scene.relay.folder
      const { group } = scene.stage
      const lane = laneIdOf(scene.org, 0)
      const stolen = await stealDevice(dan)
      const early = (await entriesOf(engine, scene.org, 0)).length
      await say(ben, [ana], group, marked("The last thing dan may read."))
      await scene.lie()
      await removeMember(ana, ben, dan, group)
      const after = (await entriesOf(engine, scene.org, 0)).length
      await say(ana, [ben], group, marked("Now that dan is gone."))
      await say(ben, [ana], group, marked("He was paid by the sluice keeper."))
      await say(ana, [ben], scene.stage.everyone, marked("Welcome to a smaller desk."))
      const frames = await entriesOf(engine, scene.org, 0)

      const now = await charterOf(engine, scene.org)
      let control = 0
      let read = 0
      for (const view of [lyingView(now, [stolen.device]), lyingView(now, [])]) {
        const events = await readOn(await replicaOf(stolen, scene.org, () => view), frames)
        control = Math.max(control, bytesRead(events, early) - bytesRead(events, after))
        read = Math.max(read, bytesRead(events, after))
      }
      scene.measure(`${control} bytes from before the removal opened, ${read} bytes from after it`)
      if (control === 0) throw new Error("the old keys did not even open what they should")
      if (read > 0) scene.gain(`${read} bytes read by a removed member`)

      const small = (from: number, to?: number) => frames.slice(from, to).filter(({ length }) => length <= 1_024)
      const keyControl = openedByBruteForce(lane, small(early, early + 1), stolen.values)
      const opened = openedByBruteForce(lane, small(after), stolen.values)
      scene.measure(`every 32 stored bytes as a key: ${keyControl} frame(s) from before opened, ${opened} from after`)
      if (keyControl === 0) throw new Error("trying keys did not even open what it should")
      if (opened > 0) scene.gain(`${opened} frame(s) opened with a removed member's old keys`)
    },
  },
  {
    name: "charter: frozen for one member, to hide a removal",
    level: "T2",
    promise: "P4",
    tries: "A member is removed; one client is kept in the charter of before, and the removed one is kept connected.",
    expected: { kind: "alarm", kinds: ["withheld", "fork", "rollback"] },
    async run(scene) {
      const { ana, ben, cem, dan } = await scene.wake("ana", "ben", "cem", "dan")
      const { group } = scene.stage
      for (const one of [ben, dan]) {
        const view = scene.relay.view(scene.org, "charter", one.device)
        await view.sync()
        view.freeze()
      }
      scene.relay.keepIn(dan.device)
      await scene.lie()
      await removeMember(ana, cem, dan, group)
      await say(ana, [cem], group, marked("After the removal."))
      const secret = marked("Said by the one who was not told.")
      await ben.client.sendText(group, secret).catch(() => {})
      await scene.alarmed([ben], ["withheld", "fork", "rollback"], { hurry: true })
      await pause(500)
      const leaked = await hears(dan, group, secret)
      scene.measure(leaked === undefined ? "the removed member read nothing more" : "the removed member read on")
      if (leaked !== undefined) scene.gain(`${secret.length} bytes read by a removed member`)
    },
  },
]
