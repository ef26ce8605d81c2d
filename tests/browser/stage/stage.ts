// A relay and people at browsers, in a folder that goes away afterwards.
import { mkdtempSync, rmSync } from "node:fs"
import os from "node:os"
import path from "node:path"
import { Person } from "./person.ts"
import { freePort, RelayProcess } from "./relay-process.ts"

export interface Stage {
  readonly folder: string
  readonly relay: RelayProcess
  /** Somebody with a new profile. The browser opens with the first thing they do. */
  person(name: string): Person
  close(): Promise<void>
}

export async function createStage(): Promise<Stage> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "holdfast-browser-"))
  const relay = new RelayProcess(path.join(folder, "relay"), await freePort())
  await relay.start()
  const people: Person[] = []
  return {
    folder,
    relay,
    person(name) {
      const person = new Person(name, path.join(folder, `computer-${people.length + 1}`), relay.address)
      people.push(person)
      return person
    },
    async close() {
      await Promise.all(people.map((person) => person.close()))
      await relay.kill()
      // a browser that is ending may still write for a moment
      rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
    },
  }
}

/** Founds an evaluation organisation and lets `others` in one after the other. */
export async function organisationOf(stage: Stage, founder: Person, others: readonly Person[]): Promise<void> {
  await founder.found(stage.relay.foundAddress, "Harbour Watch")
  for (const other of others) await letIn(other, await founder.invite(other.name), [founder])
}

/** Opens the link, asks, and has each keeper compare the code and approve. */
export async function letIn(newcomer: Person, link: string, keepers: readonly Person[]): Promise<void> {
  await newcomer.openLink(link)
  await newcomer.ask()
  const code = await newcomer.joinCode()
  for (const keeper of keepers) await keeper.approve(newcomer.name, code)
  await newcomer.isIn()
}
