// What a keeper does at the desk: reads, presses, signs with a passkey or carries files to a machine that is never online.
import path from "node:path"
import type { Locator } from "playwright-core"
import { VirtualAuthenticator } from "../passkeys/virtual-authenticator.ts"
import type { Person } from "./person.ts"
import { holdfastEnds } from "./relay-process.ts"
import { until } from "./until.ts"

/** A security key for the page that is open; it stays plugged in until the browser closes. */
export async function giveSecurityKey(person: Person): Promise<void> {
  await VirtualAuthenticator.plugIn(person.page)
}

/** Answers the question whether to become a keeper, with a passkey. */
export async function acceptWithPasskey(person: Person): Promise<void> {
  await person.at("keeper-other-key").click()
  await person.at("become-passkey").click()
  await person.at("become-submit").click()
  await person.at("become-keeper-popup").waitFor({ state: "detached" })
}

export async function openTool(person: Person, tool: string): Promise<void> {
  await person.go("decisions")
  // what arrives at that moment may close a menu that was just opened; a person opens it again
  const item = person.at(`tool-${tool}`)
  await until(`the menu of ${person.name} offers ${tool}`, async () => {
    if (!(await item.isVisible())) await person.at("propose-menu").click({ timeout: 5_000 })
    await item.click({ timeout: 5_000 })
    return true
  })
}

/** A key file on a machine that is never online, and the text that offers it. */
export class KeyFile {
  readonly file: string
  offer = ""

  constructor(folder: string, name: string) {
    this.file = path.join(folder, `${name}.holdfast-key`)
  }

  async make(organisation: string): Promise<void> {
    await ends("keeper", "new", this.file, "--no-passphrase")
    const out = await ends("keeper", "offer", this.file, organisation)
    this.offer = /hfk1[A-Za-z0-9_-]+/.exec(out)?.[0] ?? ""
  }

  /** Takes the request from the open decision, signs it over there, and brings the approval back. */
  async approve(carrier: Person, words: string | RegExp, folder: string): Promise<string> {
    await carrier.go("decisions")
    const card = carrier.proposal(words)
    await card.getByTestId("with-key-file").click()
    const [download] = await Promise.all([
      carrier.page.waitForEvent("download"),
      carrier.at("key-file-popup").getByTestId("save-request").click(),
    ])
    const request = path.join(folder, download.suggestedFilename())
    await download.saveAs(request)
    const code = path.basename(request).slice(0, 4)
    const said = await ends("keeper", "sign", request, "--key", this.file, "--yes-code", code)
    const approval = /^Signed: (.*\.holdfast-approval)/m.exec(said)?.[1] ?? ""
    await carrier.at("key-file-popup").getByTestId("approval-file").setInputFiles(approval)
    await carrier.at("key-file-popup").waitFor({ state: "detached" })
    return said
  }
}

async function ends(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await holdfastEnds(...args)
  if (code !== 0) throw new Error(`holdfast ${args.join(" ")} ended with ${code}:\n${out}${err}`)
  return out
}

// ---- the rules editor ----

export async function openRules(person: Person): Promise<void> {
  await person.go("decisions")
  await person.at("open-rules").click()
  await person.at("rules").waitFor()
}

export function seat(person: Person, name: string | RegExp): Locator {
  return person.page.locator("[data-testid=seat]").filter({ hasText: name })
}

export async function label(person: Person, name: string, organisation: string, jurisdiction: string): Promise<void> {
  const form = person.page.locator(`[data-testid=seat][data-name="${name}"]`)
  await form.getByLabel("Organisation").fill(organisation)
  await form.getByLabel("Jurisdiction").fill(jurisdiction)
}

export async function addOffer(
  person: Person,
  offer: string,
  organisation: string,
  jurisdiction: string,
): Promise<void> {
  await person.at("add-seat").click()
  const popup = person.at("add-seat-popup")
  await popup.getByTestId("seat-by-offer").click()
  await popup.getByTestId("seat-offer").fill(offer)
  await popup.getByTestId("seat-organisation").fill(organisation)
  await popup.getByTestId("seat-jurisdiction").fill(jurisdiction)
  await popup.getByTestId("add-seat-submit").click()
  await popup.waitFor({ state: "detached" })
}

export async function addWitness(person: Person, witness: { vkey: string; url: string }): Promise<void> {
  await person.at("add-witness").click()
  const popup = person.at("add-witness-popup")
  await popup.getByTestId("witness-vkey").fill(witness.vkey)
  await popup.getByTestId("witness-url").fill(witness.url)
  await popup.getByTestId("add-witness-submit").click()
  await popup.waitFor({ state: "detached" })
}

/** Numbers for one kind of act that has a rule of its own. */
export async function ruleOf(person: Person, act: string, numbers: Readonly<Record<string, string>>): Promise<void> {
  if (act !== "rules") {
    const form = person.at(`act-rule-${act}`)
    if ((await form.getAttribute("open")) === null) await form.locator("summary").click()
    const own = form.locator(`[data-testid=own-${act}]`)
    if ((await own.getAttribute("data-selected")) === null) await own.click()
  }
  for (const [what, value] of Object.entries(numbers)) await person.at(`${act}-${what}`).selectOption(value)
}

export async function proposeRules(person: Person): Promise<void> {
  await person.page.locator("[data-testid=rules-verdict][data-state=fine]").waitFor()
  await person.at("rules-propose").click()
  await person.at("confirm-yes").click()
  await person.at("decisions").waitFor()
}

/** The decision is neither open nor waiting any more: it is in the timeline. */
export async function isDecided(person: Person, words: string | RegExp): Promise<void> {
  await person.go("decisions")
  await until(`${String(words)} is decided for ${person.name}`, async () => {
    const open = person.at("desk-mine").or(person.at("desk-others")).locator("[data-testid=proposal]")
    return (await open.filter({ hasText: words }).count()) === 0
  })
}
