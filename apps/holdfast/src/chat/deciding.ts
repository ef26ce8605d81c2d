import { mkdir, readFile, writeFile } from "node:fs/promises"
import path from "node:path"
import { ClientError, type OpenClient, type Proposal } from "@holdfast/client"
import type { Command } from "commander"
import { CommandError } from "../terminal/command-error.ts"
import { safe } from "../terminal/print.ts"
import { rulesLines, standingLines } from "./governance-words.ts"
import { type ChatOptions, catchUp, until, untilQuiet, withClient } from "./session.ts"

/** By the first characters of its id; waits for it to come. Throws ClientError `relay_unreachable`, `malformed`. */
async function proposalNamed(client: OpenClient, id: string, seconds: number): Promise<Proposal> {
  const found = async () => (await client.proposals()).filter((p) => p.id.startsWith(id))
  await until(client, async () => (await found()).length > 0, seconds, "There is no such proposal.")
  const [first, ...others] = await found()
  if (first === undefined || others.length > 0) {
    throw new ClientError("malformed", "Several proposals start like that. Give more characters.")
  }
  return first
}

/** What a keeper decides, and what is decided already: part of `holdfast chat`. */
export function addDeciding(chat: Command, options: () => ChatOptions): void {
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
          if (p.mine === "can-approve" && p.approveWith === "key-file")
            console.log(`          your key is in a file: holdfast chat request ${p.id.slice(0, 8)}`)
          if (p.mine === "can-approve" && p.approveWith === "passkey")
            console.log("          your key is a passkey: approve it at your desk in the browser")
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
          const proposal = await proposalNamed(client, id, Number(options().wait))
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

  chat
    .command("rules")
    .description("the keepers, what each act needs, the witnesses and the relays")
    .action(() =>
      withClient(options(), async (client) => {
        await catchUp(client)
        for (const text of rulesLines(await client.governance())) console.log(text)
      }),
    )

  chat
    .command("governance")
    .description("who vouches for the log, what waits to take effect, who is suspended, the canary")
    .action(() =>
      withClient(options(), async (client) => {
        await catchUp(client)
        for (const text of standingLines(await client.governance())) console.log(text)
      }),
    )

  chat
    .command("veto")
    .argument("<act>", "the first characters of its id, as governance prints it")
    .description("stop an act that waits: alone where it is a recovery of yourself, else together with other keepers")
    .action((id: string) =>
      withClient(options(), async (client) => {
        const found = async () => (await client.governance()).waiting.filter((it) => it.statement.startsWith(id))
        await until(client, async () => (await found()).length > 0, Number(options().wait), "Nothing like that waits.")
        const [act, ...others] = await found()
        if (act === undefined || others.length > 0) {
          throw new ClientError("malformed", "Several acts start like that. Give more characters.")
        }
        const veto = await client.veto(act.statement)
        await untilQuiet(client, 3_000)
        const isStopped = (await found()).length === 0
        console.log(
          isStopped
            ? `Vetoed: ${safe(act.sentence)}`
            : `Your veto is given (${veto.slice(0, 8)}). Others have to give theirs: ${safe(act.sentence)}`,
        )
      }),
    )

  chat
    .command("request")
    .argument("<proposal>", "the first characters of its id, as decisions prints it")
    .argument("[folder]", "where to put it", ".")
    .description("save a proposal for a keeper's key on a machine that is never online (holdfast keeper sign)")
    .action((id: string, folder: string) =>
      withClient(options(), async (client) => {
        const proposal = await proposalNamed(client, id, Number(options().wait))
        const file = await client.signingRequest(proposal.id)
        const target = path.join(folder, path.basename(file.path))
        await mkdir(folder, { recursive: true })
        await writeFile(target, file.bytes, { flag: "wx" }).catch((cause) => {
          if (cause.code === "EEXIST") throw new CommandError(`${target} is there already.`, { cause })
          throw new CommandError(`${target} cannot be written.`, { cause })
        })
        console.log(`${target}  (code ${proposal.code})`)
      }),
    )

  chat
    .command("import-approval")
    .argument("<file>", "what holdfast keeper sign has written")
    .description("hand in an approval that was given on a machine that is never online")
    .action((file: string) =>
      withClient(options(), async (client) => {
        const bytes = await readFile(file).catch((cause) => {
          throw new CommandError(`The file ${file} cannot be read.`, { cause })
        })
        await catchUp(client)
        const id = await client.importApproval(new Uint8Array(bytes))
        await untilQuiet(client, 3_000)
        const open = (await client.proposals()).find((p) => p.id === id)
        console.log(
          open === undefined
            ? "Handed in. It is decided."
            : `Handed in: ${safe(open.sentence)} (${open.approvedBy.length} of ${open.needed} have approved)`,
        )
      }),
    )
}
