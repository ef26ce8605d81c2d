import { readFile, stat } from "node:fs/promises"
import path from "node:path"
import { ClientError } from "@holdfast/client/offline"
import { hex, type OrgId } from "@holdfast/wire"
import { newestNote, witnessedNote } from "./relay-notes.ts"

/** A charter as static files (C2SP tlog-tiles): on a relay or in a folder. Null: there is no such file. */
export interface CharterSource {
  readonly name: string
  read(file: string): Promise<Uint8Array | null>
  /** The newest note that the log has signed. */
  newest(): Promise<Uint8Array | null>
  /** The newest note that witnesses have cosigned; null where there is none, or it is the newest of all. */
  witnessed(): Promise<Uint8Array | null>
}

export function relaySource(url: string, org: OrgId): CharterSource {
  const base = new URL(`/v1/orgs/${hex(org)}/charter/`, url)
  const source: CharterSource = {
    name: base.origin,
    newest: async () => (await newestNote(base.origin, org)) ?? source.read("checkpoint"),
    witnessed: () => witnessedNote(base.origin, org),
    async read(file) {
      if (!/^(checkpoint$|tile\/)/.test(file)) return null
      const answer = await fetch(new URL(file, base), { redirect: "error" }).catch((cause) => {
        throw new ClientError("relay_unreachable", `The relay at ${base.origin} cannot be reached.`, { cause })
      })
      if (answer.status === 404) return null
      if (!answer.ok)
        throw new ClientError("relay_refused", `The relay at ${base.origin} refused (status ${answer.status}).`)
      return new Uint8Array(await answer.arrayBuffer())
    },
  }
  return source
}

export function folderSource(folder: string): CharterSource {
  const source: CharterSource = {
    name: folder,
    newest: async () => (await source.read("newest")) ?? source.read("checkpoint"),
    witnessed: async () => ((await source.read("newest")) === null ? null : source.read("checkpoint")),
    read: async (file) => {
      try {
        return new Uint8Array(await readFile(path.join(folder, file)))
      } catch (error) {
        if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return null
        throw error
      }
    },
  }
  return source
}

export async function isFile(file: string): Promise<boolean> {
  const facts = await stat(file).catch(() => null)
  return facts?.isFile() ?? false
}
