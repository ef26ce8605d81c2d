import type { DiskCopy } from "../disk/disk-copy.ts"
import { type ContentFound, searchConversations, searchFile, searchTexts } from "../disk/search-content.ts"
import { type LinksFound, searchIds, searchRows } from "../disk/search-links.ts"
import { searchOrder } from "../disk/search-order.ts"
import { searchTimes } from "../disk/search-times.ts"
import type { PromiseId, Tried } from "../finding.ts"
import type { Truth } from "../truth.ts"

/** One thing to look for on a copy of the relay's disk. There is nobody to notice it (D2). */
export interface DiskSearch {
  readonly name: string
  readonly promise: PromiseId
  readonly tries: string
  search(disk: DiskCopy, truth: Truth): Promise<Found>
}

interface Found {
  readonly gains: readonly string[]
  readonly measured: readonly string[]
}

const contentFound = ({ bytes, finds, measured }: ContentFound): Found => ({
  gains: bytes === 0 ? [] : [`${bytes} bytes: ${short(finds)}`],
  measured,
})
const linksFound = ({ edges, finds, measured }: LinksFound): Found => ({
  gains: edges === 0 ? [] : [`${edges} edges: ${short(finds)}`],
  measured,
})

function short(finds: readonly string[]): string {
  const distinct = [...new Set(finds)]
  const more = distinct.length - 5
  return more > 0 ? `${distinct.slice(0, 5).join(", ")} and ${more} more` : distinct.join(", ")
}

export const diskSearches: readonly DiskSearch[] = [
  {
    name: "disk: the known file",
    promise: "P1",
    tries:
      "Every eight bytes of a file that was sent, at every position, plain and as text, against every byte of the disk.",
    search: async (disk, truth) => contentFound(searchFile(disk, truth.file)),
  },
  {
    name: "disk: sentences, names and titles",
    promise: "P1",
    tries: "Everything that was said and every name, in UTF-8, UTF-16, base64, hex and backwards.",
    search: async (disk, truth) => contentFound(searchTexts(disk, truth.texts)),
  },
  {
    name: "disk: ids of conversations",
    promise: "P7",
    tries: "The ids of the conversations and of their MLS groups.",
    search: async (disk, truth) => contentFound(searchConversations(disk, truth.conversations)),
  },
  {
    name: "disk: people outside of charter and directory",
    promise: "P7",
    tries: "Ids of members and devices in any other table, page or file.",
    search: async (disk, truth) => linksFound(searchIds(disk, truth)),
  },
  {
    name: "disk: who wrote what",
    promise: "P7",
    tries: "Rows of any table that tie a person to a frame or blob, and values that frames have in common.",
    search: async (disk, truth) => linksFound(searchRows(disk, truth)),
  },
  {
    name: "disk: times",
    promise: "P7",
    tries: "Times finer than the hour beside frames, blobs or devices.",
    search: async (disk) => linksFound(await searchTimes(disk, Date.now())),
  },
  {
    name: "disk: order of writing",
    promise: "P7",
    tries: "Transactions of the write-ahead log that hold a frame and a device's line together.",
    search: async (disk, truth) => linksFound(searchOrder(disk, truth)),
  },
]

/** Never throws. */
export async function runSearch(
  { name, promise, tries, search }: DiskSearch,
  disk: DiskCopy,
  truth: Truth,
): Promise<Tried> {
  const started = performance.now()
  const about = { attack: name, level: "T1", promise } as const
  try {
    const { gains, measured } = await search(disk, truth)
    const gained = gains.length === 0 ? 0 : gains.join("; ")
    return {
      finding: { ...about, gained, noticedBy: null, afterMs: null },
      tries,
      verdict: gained === 0 ? "held" : "gained",
      measured,
      tookMs: Math.round(performance.now() - started),
    }
  } catch (error) {
    const gained = `not known: ${error instanceof Error ? error.message : String(error)}`
    return {
      finding: { ...about, gained, noticedBy: null, afterMs: null },
      tries,
      verdict: "not tried",
      measured: [],
      tookMs: Math.round(performance.now() - started),
    }
  }
}
