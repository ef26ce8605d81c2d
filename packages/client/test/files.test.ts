import { createHash, randomBytes } from "node:crypto"
import type { FileSource } from "@holdfast/client"
import { org, type Player, until, type World } from "@holdfast/testkit"
import { afterEach, beforeEach, expect, test } from "vitest"

let world: World
let ana: Player
let ben: Player
let conversation: string

beforeEach(async () => {
  const story = await org("ana", "ben")
  world = story
  ;[ana, ben] = story.players as [Player, Player]
  conversation = await ana.client.startConversation({ kind: "direct", title: "", members: [ben.member] })
  await ana.say(conversation, "hello")
  await ben.hears(conversation, ["hello"])
}, 60_000)
afterEach(() => world.close())

function source(bytes: Uint8Array, name = "report.pdf"): FileSource {
  return {
    name,
    type: "application/pdf",
    size: bytes.length,
    read: async (offset, length) => bytes.slice(offset, offset + length),
  }
}

async function fileOf(player: Player, id?: string) {
  const found = (await player.client.messages(conversation)).findLast(
    ({ body, id: own }) => body.kind === "file" && (id === undefined || own === id),
  )
  return found?.body.kind === "file" ? { message: found, body: found.body } : undefined
}

test("[E6.1] a file goes out once it is uploaded and arrives whole", async () => {
  const bytes = randomBytes(3_500_000)
  const id = await ana.client.sendFile(conversation, source(bytes), "please read")
  expect((await fileOf(ana))?.message).toMatchObject({
    id,
    state: "waiting",
    body: { caption: "please read", file: { size: bytes.length } },
  })
  await until("ben sees it", async () => (await fileOf(ben)) !== undefined)
  const received = await fileOf(ben)
  expect(received?.body).toMatchObject({
    caption: "please read",
    file: { name: "report.pdf", type: "application/pdf", size: bytes.length, transfer: { state: "remote" } },
  })
  expect(received?.body.file.sha256).toBe(createHash("sha256").update(bytes).digest("hex"))
  const theirs = received?.message.id as string
  expect(theirs).toBe(id)
  await ben.client.fetchFile(theirs)
  expect((await fileOf(ben))?.body.file.transfer.state).toBe("here")
  const read = await ben.client.readFile(theirs, 0, bytes.length)
  expect(Buffer.from(read).equals(bytes)).toBe(true)
  await until("sent", async () => (await fileOf(ana))?.message.state === "sent")
  expect(Buffer.from(await ana.client.readFile(id, 100, 50)).equals(bytes.subarray(100, 150))).toBe(true)
})

test("[E6.5, E3.3] a file under way survives the end of the program, and later texts do not wait for it", async () => {
  const bytes = randomBytes(2_500_000)
  ana.machine.network.cut()
  const id = await ana.client.sendFile(conversation, source(bytes))
  await until("prepared", async () => (await fileOf(ana))?.body.file.transfer.state === "uploading")
  await ana.say(conversation, "a file follows")
  ana.machine.kill()
  await new Promise((resolve) => setTimeout(resolve, 5))
  await ana.startAgain()
  ana.machine.network.heal()
  await ben.hears(conversation, ["hello", "a file follows"], 40_000)
  await until("ben sees it", async () => (await fileOf(ben, id)) !== undefined, 40_000)
  await ben.client.fetchFile(id)
  expect(Buffer.from(await ben.client.readFile(id, 0, bytes.length)).equals(bytes)).toBe(true)
}, 90_000)

test("[E6.5] a program that ends while it still reads the file asks for it again", async () => {
  const bytes = randomBytes(2_500_000)
  let reads = 0
  const slow: FileSource = {
    ...source(bytes),
    read: (offset, length) =>
      reads++ === 0 ? Promise.resolve(bytes.slice(offset, offset + length)) : new Promise(() => {}),
  }
  const id = await ana.client.sendFile(conversation, slow)
  await until("reading", async () => reads === 2)
  ana.machine.kill()
  await new Promise((resolve) => setTimeout(resolve, 5))
  await ana.startAgain()
  await until("failed", async () => (await fileOf(ana))?.body.file.transfer.state === "failed")
  expect((await fileOf(ana))?.body.file.transfer.sentence).toContain("Choose the file again")
  await ana.client.retryTransfer(id, source(bytes))
  await until("ben sees it", async () => (await fileOf(ben, id)) !== undefined)
})

test("[E6.5] sending can be cancelled, and then nobody gets it", async () => {
  const never: FileSource = { ...source(randomBytes(2_000_000)), read: () => new Promise(() => {}) }
  const id = await ana.client.sendFile(conversation, never)
  await ana.client.cancelTransfer(id)
  expect((await fileOf(ana))?.message.state).toBe("failed")
  await ana.say(conversation, "sorry")
  await ben.hears(conversation, ["hello", "sorry"])
  expect(await fileOf(ben)).toBeUndefined()
  await ana.restart()
  expect((await fileOf(ana))?.message.state).toBe("failed")
})

test("[E6.4] a file that the relay changed is thrown away", async () => {
  const bytes = randomBytes(5_000)
  await ana.client.sendFile(conversation, source(bytes))
  await until("ben sees it", async () => (await fileOf(ben)) !== undefined)
  const id = (await fileOf(ben))?.message.id as string
  ben.machine.network.tamperFetch((body) => body.map((byte, i) => (i === 100 ? byte ^ 1 : byte)))
  await expect(ben.client.fetchFile(id)).rejects.toMatchObject({ code: "file_damaged" })
  await expect(ben.client.readFile(id, 0, 10)).rejects.toMatchObject({ code: "not_found" })
  ben.machine.network.tamperFetch(undefined)
  await ben.client.fetchFile(id)
  expect(Buffer.from(await ben.client.readFile(id, 0, 5_000)).equals(bytes)).toBe(true)
})
