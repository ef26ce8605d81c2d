import {
  type Approval,
  append,
  type Charter,
  draft,
  fateOf,
  type LaterAct,
  refusalInWords,
  type Statement,
  seal,
} from "@holdfast/charter"
import { charterOrigin, type NoteSignature } from "@holdfast/log"
import type { RelayFolder } from "@holdfast/relay"
import { fromHex, laneIdOf, type MessageId, toOrgId, utf8 } from "@holdfast/wire"
import { charterOf, entriesOf, random } from "../attacker.ts"
import { signCheckpoint } from "../checkpoint.ts"
import { type Bench, type HonestWitness, honestWitnesses, openBench, withLines } from "./bench.ts"
import { type Council, type CouncilStage, daySeconds, honestKeepers, type KeeperName } from "./council.ts"

/** What a note is to say, and who is to say it. */
export interface NoteOptions {
  readonly by?: readonly HonestWitness[]
  /** The attacker's witness adds a line with this time. */
  readonly lie?: number
  readonly size?: number
}

/** Everything that happens on the relay's own disk in one scene: what keepers really decide, and what is forged with stolen keys. */
export interface Desk {
  readonly council: Council
  readonly bench: Bench
  charter(): Promise<Charter>
  draft(act: LaterAct): Promise<Statement>
  /** Approved by these seats, and by whoever else is given. */
  sealed(statement: Statement, by: readonly KeeperName[], also?: readonly Approval[]): Promise<Uint8Array>
  /** Puts bytes at the end of the charter, whatever they are: the attacker has the disk. Returns the index. */
  log(entry: Uint8Array): Promise<number>
  /** Has honest keepers (or others) decide. Throws when replay refuses it: then the attack has no ground to stand on. */
  decide(act: LaterAct, by?: readonly KeeperName[]): Promise<{ readonly index: number; readonly statement: Statement }>
  /** A checkpoint of the charter with its witnesses' lines; both honest ones by default. */
  note(seconds: number, options?: NoteOptions): Promise<string>
  /** What the charter would be with such a note in it, which is not logged. */
  foresee(seconds: number, options?: NoteOptions): Promise<Charter>
  /** Logs such a note. Returns the index. */
  anchor(seconds: number, options?: NoteOptions): Promise<number>
}

const validitySeconds = 7 * daySeconds

export async function openDesk(stage: CouncilStage, folder: Pick<RelayFolder, "engine" | "logSigner">): Promise<Desk> {
  const { engine, logSigner } = folder
  const { council } = stage
  const org = toOrgId(fromHex(stage.truth.org))
  const bench = await openBench(org, council.witnessKeys, logSigner.publicKey)
  const anchorOf = async (note: string) => seal(await desk.draft({ type: "anchor", body: { note: utf8(note) } }), [])
  const desk: Desk = {
    council,
    bench,
    charter: () => charterOf(engine, org),
    async draft(act) {
      const charter = await desk.charter()
      const now = Math.max(Math.floor(Date.now() / 1_000), charter.state.clock ?? 0)
      return draft(charter, { ...act, notAfter: now + validitySeconds, nonce: random(16) })
    },
    async sealed(statement, by, also = []) {
      const given = await Promise.all(by.map((name) => council.seats[name].approve(statement)))
      return seal(statement, [...given, ...also])
    },
    async log(bytes) {
      const entry = { messageId: random(16) as MessageId, bytes }
      const { indices } = await engine.append(laneIdOf(org, "charter"), [entry])
      return indices[0] as number
    },
    async decide(act, by = honestKeepers) {
      const statement = await desk.draft(act)
      const index = await desk.log(await desk.sealed(statement, by))
      const how = fateOf(await desk.charter(), index)?.how
      if (typeof how !== "object") return { index, statement }
      throw new Error("refused" in how ? refusalInWords(how.refused) : refusalInWords(how.lapsed))
    },
    async note(seconds, { by = honestWitnesses, lie, size } = {}) {
      const all = await entriesOf(engine, org, "charter")
      const charter = await desk.charter()
      const covered = all.slice(0, size ?? all.length)
      const root = charter.roots.at(covered.length) as Uint8Array
      const note = await signCheckpoint(logSigner, charterOrigin(org), { size: covered.length, root })
      const lines: NoteSignature[] = []
      for (const name of by) {
        const line = await bench.ask(name, note, covered, seconds)
        if (typeof line === "string") throw new Error(`${name} does not cosign: ${line}`)
        lines.push(line)
      }
      if (lie !== undefined) lines.push(await bench.lie(note, lie))
      return withLines(note, lines)
    },
    async foresee(seconds, options) {
      const entry = await anchorOf(await desk.note(seconds, options))
      return (await append(await desk.charter(), entry)).charter
    },
    anchor: async (seconds, options) => desk.log(await anchorOf(await desk.note(seconds, options))),
  }
  return desk
}
