import { actInWords, type CharterRecord, type Names, refusalInWords, shortCode } from "@holdfast/charter"
import { ClientError } from "@holdfast/client"
import { fromHex, hex, type OrgId, parseInvitation, toOrgId, WireError } from "@holdfast/wire"
import type { Command } from "commander"
import {
  type CharterSource,
  exportCharter,
  folderSource,
  type ReplayedCharter,
  readCharter,
  readExportedFile,
  relaySource,
} from "../charter-source.ts"

// the log holds no names; who has them is inside the organisation
const noNames: Names = () => undefined

/** An organisation id in hex, or an invitation, which carries it. */
function organisationFrom(text: string): OrgId {
  try {
    return /^[0-9a-f]{64}$/.test(text) ? toOrgId(fromHex(text)) : parseInvitation(text).org
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause
    throw new ClientError(
      "bad_invitation",
      "That is neither an organisation id (64 hex characters) nor an invitation.",
      { cause },
    )
  }
}

function sourceFrom(text: string, org: OrgId): CharterSource {
  return /^https?:\/\//.test(text) ? relaySource(text, org) : folderSource(text)
}

function recordLines(record: CharterRecord): readonly string[] {
  const { statement, approvals, outcome } = record
  const lines = [`${String(record.index).padStart(4)}  ${actInWords(record, noNames)}`]
  if (statement !== undefined) lines.push(`      statement ${hex(statement.id)}  code ${shortCode(statement.id)}`)
  for (const approval of approvals) {
    const what = approval.kind === 3 ? "device" : "keeper"
    lines.push(`      ${approval.counted ? "signed by" : "not counted:"} ${what} ${hex(approval.signer).slice(0, 8)}`)
  }
  if (outcome === "waiting") lines.push("      waits to take effect")
  if (typeof outcome === "object") lines.push(`      REFUSED: ${refusalInWords(outcome.refused)}`)
  return lines
}

interface Checked extends ReplayedCharter {
  readonly from: string
  /** A relay's signature over the root was there and right. */
  readonly isSigned: boolean
}

async function check(source: string, organisation: string): Promise<Checked> {
  const org = organisationFrom(organisation)
  const file = await readExportedFile(source, org)
  if (file !== null) return { ...file, from: source, isSigned: false }
  const from = sourceFrom(source, org)
  return { ...(await readCharter(from, org)), from: from.name, isSigned: true }
}

function summaryLines({ charter, from, isSigned }: Checked): readonly string[] {
  const { state } = charter
  const refused = charter.refused.length
  return [
    "",
    isSigned
      ? `Verified: ${charter.size} entries from ${from} replay by the rules and lead to the signed root.`
      : `Verified: ${charter.size} entries from ${from} replay by the rules. No relay's signature is in such a file.`,
    `  organisation ${hex(charter.orgId)}`,
    `  root         ${hex(charter.root)}`,
    `  ${state.evaluation ? "Evaluation organisation: one person decides everything." : `Keepers: ${state.rules.keepers.length}.`}${refused > 0 ? ` ${refused} entries were refused.` : ""}`,
    "Not verified by this: that there is no newer entry. Compare size and root with another member.",
  ]
}

function jsonOf({ charter }: ReplayedCharter): unknown {
  return {
    organisation: hex(charter.orgId),
    size: charter.size,
    root: hex(charter.root),
    entries: [...charter.records].map((record) => ({
      index: record.index,
      statement: record.statement === undefined ? null : hex(record.statement.id),
      type: record.statement?.type ?? null,
      sentence: actInWords(record, noNames),
      approvals: record.approvals.map((a) => ({ signer: hex(a.signer), kind: a.kind, counted: a.counted })),
      outcome: typeof record.outcome === "string" ? record.outcome : record.outcome.refused,
    })),
  }
}

/** `holdfast log …`: print and verify a charter, from a relay or from exported files. Needs no membership and no keys. */
export function addLog(program: Command): void {
  const log = program.command("log").description("print and verify the charter of an organisation")
  log
    .command("show")
    .argument("<source>", "address of a relay, a folder made by export, or a file saved in the web client")
    .argument("<organisation>", "its id (64 hex characters) or an invitation")
    .option("--json", "for programs")
    .description("print every act in words, after verifying all of them")
    .action(async (source: string, organisation: string, options: { json?: true }) => {
      const verified = await check(source, organisation)
      if (options.json === true) return console.log(JSON.stringify(jsonOf(verified), null, 2))
      for (const record of verified.charter.records) for (const text of recordLines(record)) console.log(text)
      for (const text of summaryLines(verified)) console.log(text)
    })
  log
    .command("verify")
    .argument("<source>", "address of a relay, a folder made by export, or a file saved in the web client")
    .argument("<organisation>", "its id (64 hex characters) or an invitation")
    .description("verify everything and say only the outcome")
    .action(async (source: string, organisation: string) => {
      for (const text of summaryLines(await check(source, organisation))) console.log(text)
    })
  log
    .command("export")
    .argument("<relay>", "address of a relay")
    .argument("<organisation>", "its id (64 hex characters) or an invitation")
    .argument("<folder>", "where to write it; must not hold an export yet")
    .description("save the verified charter as files (C2SP tiles) that others can verify")
    .action(async (relay: string, organisation: string, folder: string) => {
      const org = organisationFrom(organisation)
      const verified = await readCharter(sourceFrom(relay, org), org)
      await exportCharter(verified, folder).catch((cause) => {
        if (cause.code !== "EEXIST") throw cause
        throw new ClientError("malformed", `${folder} already holds an export. Choose another folder.`, { cause })
      })
      console.log(`${verified.charter.size} entries saved in ${folder}`)
    })
}
