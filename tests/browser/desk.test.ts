// A keeper at their own desk: the code comes from their own checkout, the organisation is on a relay that serves it to others.
import { mkdtempSync, rmSync } from "node:fs"
import os from "node:os"
import path from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { tellOneStory } from "./stage/one-story.ts"
import { Person } from "./stage/person.ts"
import { killTree } from "./stage/processes.ts"
import { freePort, holdfast } from "./stage/relay-process.ts"
import { createStage, type Stage } from "./stage/stage.ts"

tellOneStory()

let stage: Stage
let ana: Person
let ben: Person
let address: string
let stop: () => void
let invitation: string
const folder = mkdtempSync(path.join(os.tmpdir(), "holdfast-desk-"))

/** Starts a desk for that relay and reads its address from the terminal. */
async function startDesk(relay: string): Promise<void> {
  const port = String(await freePort())
  const child = holdfast("desk", "--relay", relay, "--data", path.join(folder, "desk"), "--port", port)
  stop = () => killTree(child.pid ?? 0)
  let said = ""
  address = await new Promise<string>((resolve, reject) => {
    const look = (chunk: unknown) => {
      said += String(chunk)
      const found = /http:\/\/holdfast\.localhost:[0-9]+\//.exec(said)
      if (found !== null) resolve(found[0])
    }
    child.stdout?.on("data", look)
    child.stderr?.on("data", look)
    child.once("exit", () => reject(new Error(`the desk ended:\n${said}`)))
  })
}

beforeAll(async () => {
  stage = await createStage()
  await startDesk(`http://localhost:${stage.relay.port}`)
  ana = new Person("Anastazja", path.join(folder, "ana"), address)
  ben = stage.person("Benedikto")
})
afterAll(async () => {
  await ana?.close()
  stop?.()
  await stage?.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
})

test("[K3.4] an organisation founded at a desk is on the relay, and invitations lead there", async () => {
  const code = new URL(stage.relay.foundAddress).hash
  await ana.found(`${address}${code}`, "Harbour Watch")
  expect(ana.page.url().startsWith(address)).toBe(true)
  invitation = await ana.invite(ben.name)
  expect(invitation.startsWith(`http://localhost:${stage.relay.port}/#/join/hf1`)).toBe(true)
})

test("somebody joins from the relay's own page, and both talk", async () => {
  await ben.openLink(invitation.replace("localhost", "holdfast.localhost"))
  await ben.ask()
  await ana.approve(ben.name, await ben.joinCode())
  await ben.isIn()
  await ben.openConversation("Everyone")
  await ben.say("From the relay's page")
  await ana.openConversation("Everyone")
  await ana.at("message").getByText("From the relay's page").waitFor()
})

test("[K3.2] the desk comes back at the same address, where the keys are", async () => {
  await ana.close()
  await ana.reopen()
  await ana.isOnline()
  await ana.openConversation("Everyone")
  await ana.say("From my own desk")
  await ben.at("message").getByText("From my own desk").waitFor()
  expect(ana.profile.complaints).toEqual([])
})
