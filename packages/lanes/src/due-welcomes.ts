import type { Device } from "@holdfast/mls"
import {
  type BlobId,
  bytes,
  type ConversationId,
  type LaneId,
  limits,
  message,
  type Of,
  plain,
  repeated,
  required,
  text,
  toBlobId,
  uint,
  utf8,
} from "@holdfast/wire"
import { sha256 } from "@noble/hashes/sha2.js"
import { numberOfKind } from "./binding.ts"
import type { Conversation, OwnChange } from "./conversation.ts"
import { decodeRecord, encodeRecord } from "./conversation-record.ts"
import { owned } from "./frame-keys.ts"
import type { Welcomes } from "./lane-api.ts"
import { encodeLetterContent, type LetterContent, maxLetterContent, nestedAddressee, writeLetter } from "./letter.ts"
import type { RecordReader } from "./ports.ts"
import type { Records } from "./records.ts"

const DueRecord = message("DueRecord", {
  conversation: required(1, bytes<ConversationId>({ length: 32 })),
  kind: required(2, uint(3)),
  commitIndex: plain(3, uint(), 0),
  charterSize: required(4, uint()),
  charterRoot: required(5, bytes({ length: 32 })),
  charterNote: required(6, text(limits.checkpointBytes)),
  recipients: repeated(7, nestedAddressee, 65_536),
  /** A WelcomePackage. */
  package: required(8, bytes({ max: 100_000_000 })),
})
export type Due = Of<typeof DueRecord>

const blobLabel = utf8("holdfast/welcome-blob/v1")
/** The key is used for this one blob and never again. */
const blobNonce = new Uint8Array(12)
const algorithm = { name: "AES-GCM", iv: blobNonce, additionalData: owned(blobLabel) }

async function sealBlob(key: Uint8Array, plaintext: Uint8Array): Promise<Uint8Array> {
  const handle = await crypto.subtle.importKey("raw", owned(key), "AES-GCM", false, ["encrypt"])
  return new Uint8Array(await crypto.subtle.encrypt(algorithm, handle, owned(plaintext)))
}

/** `undefined`: not sealed under this key. */
export async function openBlob(key: Uint8Array, ciphertext: Uint8Array): Promise<Uint8Array | undefined> {
  const handle = await crypto.subtle.importKey("raw", owned(key), "AES-GCM", false, ["decrypt"])
  try {
    return new Uint8Array(await crypto.subtle.decrypt(algorithm, handle, owned(ciphertext)))
  } catch (error) {
    if (error instanceof DOMException && error.name === "OperationError") return undefined
    throw error
  }
}

const keyOf = (due: number) => due.toString(16).padStart(14, "0")

/** Welcomes owed to devices that our winning commits have added: by the index of the commit (N6.3). */
export class DueWelcomesList {
  readonly #dueByIndex = new Map<number, Due>()
  readonly #touched = new Set<number>()

  /** Throws `damaged`. */
  static restore(reader: RecordReader): DueWelcomesList {
    const list = new DueWelcomesList()
    for (const [, stored] of reader.all("due")) {
      const due = decodeRecord(DueRecord, stored.slice())
      list.#dueByIndex.set(due.commitIndex, due)
    }
    return list
  }

  all(): readonly Due[] {
    return [...this.#dueByIndex.values()].sort((a, b) => a.commitIndex - b.commitIndex)
  }

  get(due: number): Due | undefined {
    return this.#dueByIndex.get(due)
  }

  owe({ id, binding }: Conversation, commitIndex: number, change: OwnChange): void {
    const { charterSize, charterRoot, charterNote, invitees: recipients, welcome } = change
    const head = { conversation: id, kind: numberOfKind(binding.kind), commitIndex }
    const pin = { charterSize, charterRoot, charterNote }
    this.#dueByIndex.set(commitIndex, { ...head, ...pin, recipients, package: welcome })
    this.#touched.add(commitIndex)
  }

  remove(due: number): void {
    this.#dueByIndex.delete(due)
    this.#touched.add(due)
  }

  store(records: Records): void {
    for (const index of this.#touched) {
      const due = this.#dueByIndex.get(index)
      if (due === undefined) records.delete("due", keyOf(index))
      else records.put("due", keyOf(index), encodeRecord(DueRecord, due))
    }
    this.#touched.clear()
  }
}

interface Post {
  readonly lane: LaneId
  readonly device: Device
  readonly randomBytes: (length: number) => Uint8Array
}

/** The letters, with the package inside when it fits and in a blob when not (N6.3). */
export async function writeWelcomes(due: Due, post: Post): Promise<Welcomes> {
  const { conversation, kind, commitIndex, charterSize, charterRoot, charterNote, recipients } = due
  const head = { conversation, kind, commitIndex, charterSize, charterRoot, charterNote }
  let content: LetterContent = { kind: "welcome", value: { ...head, package: due.package } }
  let blob: Welcomes["blob"]
  if (due.package.length > maxLetterContent || encodeLetterContent(content).length > maxLetterContent) {
    const [blobId, key]: [BlobId, Uint8Array] = [toBlobId(post.randomBytes(32)), post.randomBytes(32)]
    const ciphertext = await sealBlob(key, due.package)
    const ref = { blobId, length: ciphertext.length, sha256: sha256(ciphertext) }
    blob = { ...ref, ciphertext }
    content = { kind: "welcomeByBlob", value: { ...head, ...ref, key } }
  }
  const encoded = encodeLetterContent(content)
  const frames: Uint8Array[] = []
  for (const to of recipients) frames.push(await writeLetter(post.lane, post.device, to, encoded, post.randomBytes))
  return blob === undefined ? { conversation, frames } : { conversation, frames, blob }
}
