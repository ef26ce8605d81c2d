// Ana's client, and Ben and Cleo, whose keys are in files on machines that are never online: one quorum.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import path from "node:path"
import type { NamedFile } from "@holdfast/client"
import { createWorld, type Player, until, type World } from "@holdfast/testkit"
import { afterAll, beforeAll, expect, test } from "vitest"
import { folder, type RunOptions, run } from "./support/program.ts"

const secret: RunOptions = { env: { HOLDFAST_PASSPHRASE: "correct horse" } }
let world: World
let ana: Player
let organisation: string
let ben: string
let cleo: string

beforeAll(async () => {
  world = await createWorld()
  ana = await world.found("Ana")
  organisation = (await ana.client.overview()).organisation.id
  ben = folder()
  cleo = folder()
})
afterAll(() => world?.close())

async function offerOf(where: string): Promise<string> {
  const key = path.join(where, "key")
  expect((await run(["keeper", "new", key], secret)).code).toBe(0)
  return (await run(["keeper", "offer", `${key}.holdfast-key`, organisation], secret)).out.trim()
}

/** Carries a proposal to that machine, has it signed there, and carries the approval back. */
async function signedBy(where: string, proposal: string): Promise<string> {
  const request = await ana.client.signingRequest(proposal)
  const file = path.join(where, request.path)
  writeFileSync(file, request.bytes)
  const code = (await ana.client.proposals()).find(({ id }) => id === proposal)?.code ?? ""
  const ended = await run(["keeper", "sign", file, "--yes-code", code.slice(0, 4)], secret)
  expect(ended).toMatchObject({ code: 0, err: "" })
  const approval = readdirSync(where).find(
    (name) => name.endsWith(".holdfast-approval") && name.startsWith(code.replace(" ", "")),
  )
  await ana.client.importApproval(new Uint8Array(readFileSync(path.join(where, approval as string))))
  return ended.out
}

test("two key files get seats, one of them agreeing on its own machine", async () => {
  const { keepers } = await ana.client.governance()
  const offers = [await offerOf(ben), await offerOf(cleo)]
  const proposal = await ana.client.proposeRules({
    keepers: [
      { seat: keepers[0]?.id ?? "", organisation: "Harbour", jurisdiction: "CH" },
      { offer: offers[0] ?? "", organisation: "Union", jurisdiction: "IS" },
      { offer: offers[1] ?? "", organisation: "Clinic", jurisdiction: "NO" },
    ],
    acts: { rules: { k: 2, delaySeconds: 0, vetoK: 0, minOrganisations: 2, minJurisdictions: 2 } },
    witnesses: [],
    witnessQuorum: 0,
  })
  const shown = await signedBy(ben, proposal)
  expect(shown).toMatch(/· gains a seat: keeper .* of Union in IS \(key [0-9a-f ]{19}\)/)
  expect(shown).toContain("· every act: 1 of 1 keepers → 2 of 3 keepers, from 2 organisations, from 2 jurisdictions")
  await ana.client.approve(proposal)
  await until("the rules have changed", async () => (await ana.client.governance()).version === 2)
  expect((await ana.client.governance()).keepers.map(({ kind }) => kind)).toEqual(["key", "key", "key"])
})

test("from then on a key file counts like any keeper, and without one more nothing happens", async () => {
  const proposal = await ana.client.proposeCanary(31)
  await signedBy(cleo, proposal)
  expect((await ana.client.governance()).canary).toBeUndefined()
  await ana.client.approve(proposal)
  await until("the canary is there", async () => (await ana.client.governance()).canary !== undefined)
})

test("what Ana exports verifies with nothing but the files", async () => {
  const where = folder()
  const files: readonly NamedFile[] = await ana.client.exportOrganisation()
  for (const { path: file, bytes } of files) {
    mkdirSync(path.dirname(path.join(where, file)), { recursive: true })
    writeFileSync(path.join(where, file), bytes)
  }
  const ended = await run(["log", "verify", where, "--org", organisation])
  expect(ended).toMatchObject({ code: 0, err: "" })
  expect(ended.out).toContain("applied  Change the rules to version 2: 2 of 3 keepers from at least 2 organisations")
  expect(ended.out).toContain("Ana")
})
