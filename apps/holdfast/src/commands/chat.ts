import { mkdir, open, rm } from "node:fs/promises"
import path from "node:path"
import { keyCode } from "@holdfast/charter"
import {
  type Client,
  ClientError,
  type Conversation,
  foundOrganisation,
  joinOrganisation,
  listVaults,
  type Message,
  unlockVault,
} from "@holdfast/client"
import { parseInvitation } from "@holdfast/wire"
import type { Command } from "commander"
import { nodePorts } from "../node/ports.ts"
import { line, passphrase } from "../terminal/ask.ts"
import { bytesInWords, messageLine, overviewLines, safe } from "../terminal/print.ts"
import { fileSource, standardInput } from "../terminal/sources.ts"

/** What the web client shows for the same invitation. Throws ClientError `bad_invitation`. */
function organisationCode(invitation: string): string {
  try {
    return keyCode(parseInvitation(invitation).org)
  } catch (cause) {
    throw new ClientError(
      "bad_invitation",
      "This invitation is not whole. Copy it again, from its first to its last character.",
      { cause },
    )
  }
}

interface ChatOptions {
  readonly data: string
  readonly passphraseFile?: string
  readonly organisation?: string
  readonly wait: string
}

const maxTextBytes = 32_768
const readBytes = 1_048_576

/** Opens the one organisation of this machine, or the one whose id starts with `--organisation`. */
async function unlock(options: ChatOptions): Promise<Client> {
  const ports = nodePorts(options.data)
  const all = await listVaults(ports)
  const wanted =
    options.organisation === undefined ? all : all.filter((id) => id.startsWith(options.organisation as string))
  if (wanted.length === 0) {
    throw new ClientError(
      "not_found",
      "There is no organisation on this machine yet. Join one with: holdfast chat join INVITATION",
    )
  }
  if (wanted.length > 1) {
    throw new ClientError(
      "malformed",
      `There are several organisations here; choose one with --vault: ${wanted.join(", ")}`,
    )
  }
  return unlockVault(ports, wanted[0] as string, await passphrase(options))
}

/** Resolves when `check` holds, looking again at every change; throws `sentence` after `seconds`. */
async function until(client: Client, check: () => Promise<boolean>, seconds: number, sentence: string): Promise<void> {
  if (await check()) return
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => finish(new ClientError("relay_unreachable", sentence)), seconds * 1_000)
    const stop = client.subscribe(look)
    const ticking = setInterval(look, 1_000)
    function finish(error?: unknown): void {
      clearTimeout(timer)
      clearInterval(ticking)
      stop()
      if (error === undefined) resolve()
      else reject(error)
    }
    function look(): void {
      check().then((holds) => {
        if (holds) finish()
      }, finish)
    }
    look()
  })
}

/**
 * Reads what the relay has, and stays long enough to be let in after an approval; says so and goes on with what is here
 * when the relay cannot be reached in `seconds`.
 */
async function catchUp(client: Client, seconds = 15): Promise<void> {
  const since = Date.now()
  const isDone = async () => {
    const { upToDate, standing } = await client.overview()
    if (standing === "waiting") return Date.now() - since > 3_000
    if (standing !== "active") return true
    return upToDate && (await client.conversations()).length > 0
  }
  await until(client, isDone, seconds, "").catch(async () => {
    const { connection } = await client.overview()
    console.error(
      connection === "online"
        ? "Nobody who could let this device into the conversations is online yet."
        : "The relay cannot be reached; this is what was known before.",
    )
  })
}

/** Resolves when nothing has changed for `quietMillis`: what came is worked through and what it calls for has been done. */
async function untilQuiet(client: Client, quietMillis: number, mostMillis = 15_000): Promise<void> {
  const { connection, standing } = await client.overview()
  if (connection !== "online" || standing !== "active") return
  const end = Date.now() + mostMillis
  let last = Date.now()
  const stop = client.subscribe(() => {
    last = Date.now()
  })
  while (Date.now() - last < quietMillis && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 100))
  stop()
}

async function withClient(options: ChatOptions, work: (client: Client) => Promise<void>): Promise<void> {
  const client = await unlock(options)
  try {
    await work(client)
  } finally {
    await client.close()
  }
}

/** By id, by title, or by a person's name. Anything that could mean two things is refused: a message must not go to the wrong people. */
async function conversationNamed(client: Client, wanted: string): Promise<Conversation> {
  const isSame = (name: string) => name.toLowerCase() === wanted.toLowerCase()
  const all = await client.conversations()
  const byId = all.filter((c) => c.id === wanted || (wanted.length >= 8 && c.id.startsWith(wanted)))
  if (byId.length === 1) return byId[0] as Conversation
  const people = (await client.people()).filter((p) => p.active && !p.you && isSame(p.name))
  const isEveryone = wanted.toLowerCase() === "everyone"
  const groups = all.filter((c) => c.kind !== "direct" && (isSame(c.title) || (isEveryone && c.kind === "everyone")))
  if (groups.length + people.length > 1) {
    throw new ClientError(
      "malformed",
      `Several conversations or people are called "${safe(wanted)}". Use the id from: holdfast chat list`,
    )
  }
  if (groups.length === 1) return groups[0] as Conversation
  if (people.length === 0) {
    throw new ClientError("not_found", `There is no conversation or person called "${safe(wanted)}".`)
  }
  // a direct conversation with the same person is found again, not made twice
  const id = await client.startConversation({
    kind: "direct",
    title: "",
    members: [(people[0] as { member: string }).member],
  })
  return (await client.conversations()).find((c) => c.id === id) as Conversation
}

async function nameFinder(client: Client): Promise<(member: string) => string> {
  const names = new Map((await client.people()).map((p) => [p.member, p.name]))
  return (member) => names.get(member) ?? member.slice(0, 8)
}

function onSent(client: Client, conversation: string, id: string): () => Promise<boolean> {
  return async () => {
    const message = (await client.messages(conversation)).find((m) => m.id === id)
    if (message?.state === "failed") throw new ClientError("relay_refused", "The message could not be sent.")
    return message?.state === "sent"
  }
}

async function send(
  client: Client,
  wanted: string,
  text: string | undefined,
  options: { file?: string; wait: string },
): Promise<void> {
  const seconds = Number(options.wait)
  const isInside = async () =>
    (await client.overview()).standing === "active" && (await client.conversations()).length > 0
  await until(client, isInside, seconds, "This device has not been let in yet.")
  const conversation = await conversationNamed(client, wanted)
  const notYet = "The relay has not confirmed it yet. It is kept on this machine and sent the next time."
  if (options.file === undefined) {
    const words = text ?? (await standardInput(maxTextBytes))
    if (words === "") throw new ClientError("malformed", "There is nothing to send.")
    const id = await client.sendText(conversation.id, words)
    await until(client, onSent(client, conversation.id, id), seconds, notYet)
    return
  }
  const source = await fileSource(options.file)
  try {
    const id = await client.sendFile(conversation.id, source, text)
    let shown = -1
    const stop = client.subscribe((change) => {
      if (change.topic !== "transfer" || change.message !== id || !process.stderr.isTTY) return
      client.messages(conversation.id).then(
        (all) => {
          const body = all.find((m) => m.id === id)?.body
          if (body?.kind !== "file" || source.size === 0) return
          const percent = Math.floor((100 * body.file.transfer.doneBytes) / source.size)
          if (percent !== shown) process.stderr.write(`\r${safe(source.name)}: ${percent} %`)
          shown = percent
        },
        () => undefined,
      )
    })
    await until(client, onSent(client, conversation.id, id), Math.max(seconds, 3_600), notYet).finally(stop)
    if (shown >= 0) process.stderr.write("\n")
  } finally {
    await source.close()
  }
}

/** Never writes over an existing file: a second "report.pdf" becomes "report (2).pdf". */
async function freshFile(
  folder: string,
  name: string,
): Promise<Awaited<ReturnType<typeof open>> & { readonly target: string }> {
  await mkdir(folder, { recursive: true })
  const plain =
    safe(path.basename(name))
      .replace(/[/\\:]/g, "_")
      .replace(/^\.+/, "_") || "file"
  const { name: stem, ext } = path.parse(plain)
  for (let n = 1; n < 10_000; n++) {
    const target = path.join(folder, n === 1 ? plain : `${stem} (${n})${ext}`)
    try {
      return Object.assign(await open(target, "wx", 0o600), { target })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
    }
  }
  throw new ClientError("disk_full", "There are too many files of that name in this folder.")
}

async function save(client: Client, message: Message, folder: string): Promise<void> {
  if (message.body.kind !== "file") throw new ClientError("not_found", "That message is no file.")
  const { file } = message.body
  await client.fetchFile(message.id)
  const out = await freshFile(folder, file.name)
  try {
    for (let at = 0; at < file.size; at += readBytes)
      await out.write(await client.readFile(message.id, at, Math.min(readBytes, file.size - at)))
    await out.sync()
  } catch (error) {
    await rm(out.target, { force: true })
    throw error
  } finally {
    await out.close()
  }
  console.log(`${out.target} (${bytesInWords(file.size)}, SHA-256 ${file.sha256})`)
}

async function follow(client: Client, wanted: string | undefined, count: number): Promise<void> {
  const only = wanted === undefined ? undefined : (await conversationNamed(client, wanted)).id
  const shown = new Set<string>()
  async function show(conversation: Conversation, limit: number): Promise<void> {
    const nameOf = await nameFinder(client)
    for (const message of await client.messages(conversation.id, { limit })) {
      if (shown.has(message.id) || message.state === "waiting") continue
      shown.add(message.id)
      const where = only === undefined ? `[${safe(conversation.title)}] ` : ""
      console.log(where + messageLine(message, nameOf))
    }
    await client.markRead(conversation.id)
  }
  const wantedOnes = async () => (await client.conversations()).filter((c) => only === undefined || c.id === only)
  let turn = Promise.resolve()
  const next = (work: () => Promise<void>) => {
    turn = turn.then(work).catch((error) => console.error(error instanceof ClientError ? error.sentence : error))
  }
  const alarms = new Set<string>()
  for (const conversation of await wantedOnes()) next(() => show(conversation, count))
  client.subscribe((change) => {
    if (change.topic === "messages") {
      next(async () => {
        for (const c of await wantedOnes()) if (c.id === change.conversation) await show(c, 50)
      })
    }
    if (change.topic === "overview") {
      next(async () => {
        for (const alarm of (await client.overview()).alarms) {
          if (!alarms.has(alarm.id))
            console.error(`${alarm.level === "danger" ? "ALARM" : "Notice"}: ${safe(alarm.sentence)}`)
          alarms.add(alarm.id)
        }
      })
    }
  })
  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve)
    process.once("SIGTERM", resolve)
  })
  await turn
}

/** `holdfast chat …`: the same engine as the web client, for terminals and scripts. */
export function addChat(program: Command, defaultData: string): void {
  const chat = program
    .command("chat")
    .description("join, read and write from a terminal")
    .option("--data <folder>", "where this machine keeps its organisations", defaultData)
    .option("--vault <id>", "which organisation, when there are several (start of its id on this machine)")
    .option(
      "--passphrase-file <file>",
      "read the passphrase from this file (else HOLDFAST_PASSPHRASE, else it is asked for)",
    )
    .option("--wait <seconds>", "how long to wait for the relay and for approval", "60")
  const options = (): ChatOptions => {
    const { vault, ...rest } = chat.opts<Omit<ChatOptions, "organisation"> & { vault?: string }>()
    return vault === undefined ? rest : { ...rest, organisation: vault }
  }

  chat
    .command("found")
    .description("found an organisation on a relay (you are its only keeper until you name more)")
    .requiredOption("--relay <address>", "address of the relay")
    .option("--code <hosting code>", "what the relay asks for before it hosts an organisation", "")
    .option("--organisation <name>")
    .option("--name <your name>")
    .option("--device <label>", "what to call this device", "Terminal")
    .action(async (own: { relay: string; code: string; organisation?: string; name?: string; device: string }) => {
      const client = await foundOrganisation(nodePorts(options().data), {
        relay: own.relay,
        hostingCode: own.code,
        organisation: await line("Name of the organisation", own.organisation, "--organisation"),
        name: await line("Your name", own.name, "--name"),
        passphrase: await passphrase({ ...options(), twice: true }),
        deviceLabel: own.device,
        keepers: [],
        needed: 1,
      })
      for (const text of overviewLines(await client.overview())) console.log(text)
      await client.close()
    })

  chat
    .command("join")
    .argument("<invitation>", "the invitation text or link")
    .description("join by invitation and wait until the keepers have approved")
    .option("--name <your name>")
    .option("--device <label>", "what to call this device", "Terminal")
    .action(async (invitation: string, own: { name?: string; device: string }) => {
      console.log(
        `Organisation code: ${organisationCode(invitation)}. If the one who invited you has another, stop with Ctrl-C.`,
      )
      const client = await joinOrganisation(nodePorts(options().data), {
        invitation,
        name: await line("Your name", own.name, "--name"),
        passphrase: await passphrase({ ...options(), twice: true }),
        deviceLabel: own.device,
      })
      try {
        const before = await client.overview()
        if (before.joinCode !== undefined) console.log(`Asked to join. Read this code to a keeper: ${before.joinCode}`)
        const inside = async () =>
          (await client.overview()).standing === "active" && (await client.conversations()).length > 0
        await until(
          client,
          inside,
          Number(options().wait),
          "Not approved yet. Run holdfast chat list later; it goes on where it was.",
        )
        for (const text of overviewLines(await client.overview())) console.log(text)
      } finally {
        await client.close()
      }
    })

  chat
    .command("list")
    .description("the organisation, its conversations and people")
    .action(() =>
      withClient(options(), async (client) => {
        await catchUp(client)
        for (const text of overviewLines(await client.overview())) console.log(text)
        console.log("\nConversations")
        for (const c of await client.conversations()) {
          console.log(
            `  ${c.id.slice(0, 8)}  ${safe(c.title)}${c.unread > 0 ? `  (${c.unread} new)` : ""}${c.state === "open" ? "" : `  [${c.state}]`}`,
          )
        }
        console.log("\nPeople")
        for (const p of await client.people()) {
          const marks = [p.you ? "you" : "", p.keeper ? "keeper" : "", p.active ? "" : "removed"].filter(
            (m) => m !== "",
          )
          console.log(`  ${p.member.slice(0, 8)}  ${safe(p.name)}${marks.length > 0 ? `  (${marks.join(", ")})` : ""}`)
          for (const d of p.devices)
            console.log(`            ${d.active ? "" : "removed: "}${safe(d.label)}  ${d.fingerprint}`)
        }
      }),
    )

  chat
    .command("send")
    .argument("<conversation>", "its title or id, or a person's name")
    .argument("[text]", "the message; read from standard input when it is left out")
    .description("send a text, or a file with --file")
    .option("--file <path>")
    .action((conversation: string, text: string | undefined, own: { file?: string }) =>
      withClient(options(), async (client) => {
        await send(client, conversation, text, { ...own, wait: options().wait })
        console.log("Sent.")
      }),
    )

  chat
    .command("follow")
    .argument("[conversation]", "only this one")
    .option("--last <count>", "how many earlier messages to show", "20")
    .description("print messages as they come, until Ctrl-C")
    .action((conversation: string | undefined, own: { last: string }) =>
      withClient(options(), (client) => follow(client, conversation, Number(own.last))),
    )

  chat
    .command("get")
    .argument("<conversation>")
    .argument("<file>", "the first characters of the file's id, as follow prints it")
    .option("--to <folder>", "where to put it", ".")
    .description("fetch a file, check it whole, and save it")
    .action((wanted: string, id: string, own: { to: string }) =>
      withClient(options(), async (client) => {
        const conversation = await conversationNamed(client, wanted)
        const message = (await client.messages(conversation.id, { limit: 1_000 })).find((m) => m.id.startsWith(id))
        if (message === undefined) throw new ClientError("not_found", "There is no such file in that conversation.")
        await save(client, message, own.to)
      }),
    )

  chat
    .command("readers")
    .argument("<conversation>")
    .description("every device that can read a conversation, each traced to the charter")
    .action((wanted: string) =>
      withClient(options(), async (client) => {
        for (const r of await client.readers((await conversationNamed(client, wanted)).id)) {
          const trace = r.inCharter ? `charter ${r.admittedAt}: ${safe(r.act)}` : "NOT IN THE CHARTER"
          console.log(`${safe(r.name)}  ${safe(r.device.label)}  ${r.device.fingerprint}  ${trace}`)
        }
      }),
    )

  chat
    .command("invite")
    .argument("<name>", "whom it is for")
    .option("--keeper", "ask them to become a keeper too")
    .option("--hours <hours>", "how long it holds", "72")
    .description("make an invitation; hand it over on a way you trust")
    .action((name: string, own: { keeper?: true; hours: string }) =>
      withClient(options(), async (client) => {
        const purpose = own.keeper === true ? "keeper" : "member"
        const invite = await client.createInvite({ purpose, name, hours: Number(own.hours) })
        const known = async () => (await client.invites()).some((i) => i.id === invite.id && i.state === "open")
        await until(
          client,
          known,
          Number(options().wait),
          "The relay does not know the invitation yet; it does as soon as you are online.",
        )
        console.log(invite.text)
      }),
    )

  chat
    .command("decisions")
    .description("what waits for approval")
    .action(() =>
      withClient(options(), async (client) => {
        await catchUp(client)
        // a request has to be read, checked and drafted first
        await untilQuiet(client, 3_000)
        const all = await client.proposals()
        if (all.length === 0) console.log("Nothing waits for a decision.")
        for (const p of all) {
          console.log(`${p.id.slice(0, 8)}  ${safe(p.sentence)}`)
          for (const detail of p.details) console.log(`          ${safe(detail)}`)
          console.log(
            `          code ${p.code}${p.joinCode === undefined ? "" : `, the asking device shows ${p.joinCode}`}`,
          )
          console.log(
            `          ${p.approvedBy.length} of ${p.needed} have approved${p.approvedBy.length > 0 ? `: ${p.approvedBy.map(safe).join(", ")}` : ""}`,
          )
        }
      }),
    )

  for (const verb of ["approve", "decline"] as const) {
    chat
      .command(verb)
      .argument("<proposal>", "the first characters of its id, as decisions prints it")
      .description(verb === "approve" ? "sign it as a keeper" : "tell everybody that you do not agree")
      .action((id: string) =>
        withClient(options(), async (client) => {
          const found = async () => (await client.proposals()).filter((p) => p.id.startsWith(id))
          await until(
            client,
            async () => (await found()).length > 0,
            Number(options().wait),
            "There is no such proposal.",
          )
          const all = await found()
          if (all.length !== 1)
            throw new ClientError("malformed", "Several proposals start like that. Give more characters.")
          const proposal = all[0] as (typeof all)[number]
          await client[verb](proposal.id)
          const settled = async () => {
            const now = (await client.proposals()).find((p) => p.id === proposal.id)
            // with the last approval it also has to reach the charter
            return (
              now === undefined ||
              now.mine === "declined" ||
              (now.mine === "approved" && now.approvedBy.length < now.needed)
            )
          }
          await until(
            client,
            settled,
            Number(options().wait),
            "It is signed here and goes out when the relay can be reached.",
          )
          console.log(`${verb === "approve" ? "Approved" : "Declined"}: ${safe(proposal.sentence)}`)
          // whoever was let in by this may be online and waiting for somebody to add them
          if (verb === "approve") await untilQuiet(client, 5_000)
        }),
      )
  }
}
