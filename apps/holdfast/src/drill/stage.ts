import { createHash, randomBytes } from "node:crypto"
import { cpSync } from "node:fs"
import path from "node:path"
import type { Client, Id, Person as Listed } from "@holdfast/client"
import { createRelay, openRelayData, type ServedRelay, serveRelay, silentLog, systemClock } from "@holdfast/relay"
import {
  founder,
  heardBy,
  joiner,
  machineFolder,
  type Person,
  type Route,
  returning,
  say,
  type Weaken,
} from "./person.ts"
import type { Truth } from "./truth.ts"
import { until } from "./wait.ts"

const patience = 30_000

/** Three keepers of whom two must agree, and a member. Names long and odd enough that no byte of noise spells them. */
export const people = {
  ana: "Ana Vesterholm",
  ben: "Ben Okonkwo-Reyes",
  cem: "Cem Yıldırımoğlu",
  dan: "Dan Przybylski",
} as const
export type Who = keyof typeof people
const organisation = "Weir Valley Reporters"
const groupTitle = "Operation Heron"
const fileName = "floodgate survey, 14 March.pdf"
const labelOf = (who: Who) => `${people[who].split(" ")[0]}'s field laptop`

const sentences = {
  everyone: "Welcome to the valley desk; nobody outside reads this.",
  group: "The sluice keeper was paid twice in March.",
  direct: "Do not tell the others yet: the ledger is real.",
  answer: "Zwölf Boxkämpfer jagen Viktor über den großen Sylter Deich.",
  caption: "The gate as I found it at dawn.",
} as const

/** An organisation that has really talked, and then lain down to sleep: every attack begins with a copy of it (D1.2). */
export interface Stage {
  readonly root: string
  readonly named: string
  readonly hostingCode: string
  readonly truth: Truth
  readonly everyone: Id
  readonly group: Id
}

/** Everything that stands while people talk. `sleep` closes it, for copies to be made. */
export interface LiveStage extends Stage {
  readonly relayFolder: string
  readonly people: Readonly<Record<Who, Person>>
  sleep(): Promise<void>
}

/** Founds, invites, approves, talks: all over the real relay on this machine, with the genuine client (D1.1). */
export async function buildStage(root: string): Promise<LiveStage> {
  const relayFolder = path.join(root, "relay")
  const relay = await openRelay(relayFolder)
  const hostingCode = relay.hostingCode
  const route = (): Route => ({ named: relay.url, to: relay.url })
  const machine = (who: Who) => machineFolder(root, people[who])

  const ana = await founder(people.ana, machine("ana"), route(), { organisation, hostingCode, label: labelOf("ana") })
  const admit = async (who: Exclude<Who, "ana">): Promise<Person> => {
    const invite = await ana.client.createInvite({ purpose: "member", name: people[who], hours: 24 })
    const invitation = invite.text as string
    const one = await joiner(people[who], machine(who), route(), { invitation, label: labelOf(who) })
    await approveWhatCan(ana.client, `the request of ${people[who]}`)
    await until(`${people[who]} is in`, patience, async () => (await everyoneOf(one.client)) !== undefined)
    return one
  }
  const ben = await admit("ben")
  const cem = await admit("cem")
  const dan = await admit("dan")
  await raiseQuorum(ana, [ben, cem])

  const everyone = (await everyoneOf(ana.client)) as Id
  // Random bytes: no other file on earth holds eight of them in a row, so every find is a leak.
  const file = new Uint8Array(randomBytes(300_000))
  const group = await converse({ ana, ben, cem, dan }, everyone, file)
  const truth = await truthOf([ana, ben, cem, dan], { everyone, group, file })
  return {
    root,
    named: relay.url,
    hostingCode,
    truth,
    everyone,
    group,
    relayFolder,
    people: { ana, ben, cem, dan },
    async sleep() {
      for (const one of [ana, ben, cem, dan]) await one.close()
      await relay.close()
    },
  }
}

async function openRelay(folder: string): Promise<ServedRelay & { readonly hostingCode: string }> {
  const opened = await openRelayData(folder)
  const random = (n: number) => new Uint8Array(randomBytes(n))
  const relay = createRelay({ ...opened, clock: systemClock, random, fetch, log: silentLog }, opened)
  return { ...(await serveRelay(relay, { host: "127.0.0.1", port: 0 })), hostingCode: opened.hostingCode }
}

async function everyoneOf(client: Client): Promise<Id | undefined> {
  return (await client.conversations()).find(({ kind }) => kind === "everyone")?.id
}

/** Approves the first proposal that waits for this person. */
export async function approveWhatCan(client: Client, what: string): Promise<void> {
  const proposal = await until(`${what} reaches a keeper`, patience, async () =>
    (await client.proposals()).find(({ mine }) => mine === "can-approve"),
  )
  await client.approve(proposal.id)
}

async function raiseQuorum(ana: Person, others: readonly [Person, Person]): Promise<void> {
  await ana.client.planKeepers({ members: others.map(({ member }) => member), needed: 2 })
  for (const one of others) {
    await until(`${one.name} is asked to be a keeper`, patience, async () => {
      return (await one.client.overview()).keeperPlan?.asksMe
    })
    await one.client.acceptKeeper()
  }
  await approveWhatCan(ana.client, "the new rules")
  await approveWhatCan(others[0].client, "the new rules")
  for (const one of [ana, ...others]) {
    await until(`${one.name} sees three keepers`, patience, async () => {
      return (await one.client.overview()).keepers.total === 3
    })
  }
}

async function converse(all: Readonly<Record<Who, Person>>, everyone: Id, file: Uint8Array): Promise<Id> {
  const { ana, ben, cem, dan } = all
  await say(ana, [ben, cem, dan], everyone, sentences.everyone)
  const members = [ben.member, cem.member, dan.member]
  const group = await ana.client.startConversation({ kind: "group", title: groupTitle, members })
  for (const one of [ben, cem, dan]) {
    await until(`${one.name} is in the group`, patience, async () =>
      (await one.client.conversations()).some(({ id, title }) => id === group && title === groupTitle),
    )
  }
  await say(ben, [ana, cem, dan], group, sentences.group)
  await say(dan, [ana, ben, cem], group, sentences.answer)
  const direct = await ben.client.startConversation({ kind: "direct", title: "", members: [cem.member] })
  await until("cem sees the direct conversation", patience, async () =>
    (await cem.client.conversations()).some(({ id }) => id === direct),
  )
  await say(ben, [cem], direct, sentences.direct)
  await sendFile(cem, [ana, ben, dan], group, file)
  return group
}

async function sendFile(from: Person, to: readonly Person[], conversation: Id, fileBytes: Uint8Array): Promise<void> {
  const read = async (offset: number, length: number) => fileBytes.subarray(offset, offset + length)
  const source = { name: fileName, type: "application/pdf", size: fileBytes.length, read }
  const sent = await from.client.sendFile(conversation, source, sentences.caption)
  await until("the file is sent", patience, async () =>
    (await heardBy(from, conversation)).some(({ id, state }) => id === sent && state === "sent"),
  )
  for (const one of to) {
    const message = await until(`${one.name} sees the file`, patience, async () =>
      (await heardBy(one, conversation)).find(({ body }) => body.kind === "file"),
    )
    if (one !== to[0]) continue
    await one.client.fetchFile(message.id)
    const got = await one.client.readFile(message.id, 0, fileBytes.length)
    if (!Buffer.from(got).equals(fileBytes)) throw new Error("the file did not arrive as it was sent")
  }
}

async function truthOf(
  all: readonly Person[],
  known: { readonly everyone: Id; readonly group: Id; readonly file: Uint8Array },
): Promise<Truth> {
  const authorOf = new Map<number, Id>()
  const conversations = new Set<Id>()
  for (const one of all) {
    for (const { id } of await one.client.conversations()) {
      conversations.add(id)
      for (const { index, device } of await heardBy(one, id)) if (index !== undefined) authorOf.set(index, device)
    }
  }
  const listed: readonly Listed[] = await (all[0] as Person).client.people()
  if (!conversations.has(known.everyone) || !conversations.has(known.group))
    throw new Error("a conversation is missing")
  return {
    org: (await (all[0] as Person).client.overview()).organisation.id,
    file: {
      name: fileName,
      bytes: known.file,
      sha256: new Uint8Array(createHash("sha256").update(known.file).digest()),
    },
    texts: [
      ...Object.entries(sentences).map(([where, text]) => ({ what: `the sentence said to ${where}`, text })),
      ...Object.values(people).map((text) => ({ what: "a person's name", text })),
      ...Object.values(people).flatMap((name) => surnameOf(name)),
      ...(Object.keys(people) as Who[]).map((who) => ({ what: "a device's label", text: labelOf(who) })),
      { what: "the organisation's name", text: organisation },
      { what: "a conversation's title", text: groupTitle },
      { what: "a file's name", text: fileName },
    ],
    conversations: [...conversations],
    people: listed.map(({ name, member, devices }) => ({ name, member, devices: devices.map(({ id }) => id) })),
    authorOf,
  }
}

/** First names are too short to be told from noise. */
function surnameOf(name: string): readonly { readonly what: string; readonly text: string }[] {
  return [{ what: "a person's surname", text: name.slice(name.indexOf(" ") + 1) }]
}

/** Copies a sleeping stage to another folder, so that what an attack does to it is nobody else's trouble. */
export function copyStage(stage: Stage, to: string): void {
  cpSync(path.join(stage.root, "relay"), path.join(to, "relay"), { recursive: true, preserveTimestamps: true })
  for (const one of Object.keys(people) as Who[]) {
    const from = machineFolder(stage.root, people[one])
    cpSync(from, machineFolder(to, people[one]), { recursive: true })
  }
}

/** Opens somebody's machine in a copy, with the relay's address answered by `to`. */
export function wake(stage: Stage, root: string, who: Who, to: string, weaken?: Weaken): Promise<Person> {
  return returning(people[who], machineFolder(root, people[who]), { named: stage.named, to }, weaken)
}
