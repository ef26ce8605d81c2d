import { keyCode } from "@holdfast/charter"
import { ClientError, foundOrganisation, joinOrganisation } from "@holdfast/client"
import { parseInvitation } from "@holdfast/wire"
import type { Command } from "commander"
import { conversationNamed } from "../chat/conversation-named.ts"
import { addDeciding } from "../chat/deciding.ts"
import { follow } from "../chat/follow.ts"
import { save } from "../chat/save.ts"
import { send } from "../chat/send.ts"
import { type ChatOptions, catchUp, until, withClient } from "../chat/session.ts"
import { nodePorts } from "../node/ports.ts"
import { line, passphrase } from "../terminal/ask.ts"
import { overviewLines, safe } from "../terminal/print.ts"

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

  addDeciding(chat, options)
}
