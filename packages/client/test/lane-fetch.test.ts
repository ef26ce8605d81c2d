import { randomBytes } from "node:crypto"
import { hex, limits } from "@holdfast/wire"
import { expect, test } from "vitest"
import { createLaneFetch, type LaneFetchDeps } from "../src/lane-fetch.ts"
import { createTurns } from "../src/turns.ts"

interface Awaited {
  readonly blobId: Uint8Array
  readonly length: number
}

function fetching(blobs: ReadonlyMap<string, Uint8Array>, awaited: Awaited[]) {
  const supplied: { readonly name: string; readonly bytes: Uint8Array | null }[] = []
  const troubles: unknown[] = []
  const asked: string[] = []
  let atOnce = 0
  let mostAtOnce = 0
  const network = {
    async fetch(url: string) {
      asked.push(url)
      mostAtOnce = Math.max(mostAtOnce, ++atOnce)
      await new Promise((resolve) => setTimeout(resolve, 1))
      atOnce -= 1
      const [, name = "", index = ""] = /blobs\/([0-9a-f]+)\/chunks\/(\d+)$/.exec(url) ?? []
      const from = Number(index) * limits.blobChunkBytes
      const bytes = blobs.get(name)?.slice(from, from + limits.blobChunkBytes)
      if (bytes === undefined || bytes.length === 0) return { status: 404, bytes: async () => new Uint8Array() }
      return { status: 200, bytes: async () => bytes }
    },
  }
  const deps = {
    network,
    session: () => ({ url: "http://relay.test/", token: new Uint8Array(32) }),
    lane: { awaitedBlobs: () => awaited },
    laneSync: () => ({
      async supplyBlob(blob: Uint8Array, bytes: Uint8Array | null) {
        supplied.push({ name: hex(blob), bytes })
        for (let i = awaited.length; i-- > 0; ) {
          if (hex((awaited[i] as Awaited).blobId) === hex(blob)) awaited.splice(i, 1)
        }
      },
    }),
    turns: createTurns({ breaks: () => false, repair: async () => {} }),
    onTrouble: (error: unknown) => void troubles.push(error),
  }
  const fetch = createLaneFetch(deps as unknown as LaneFetchDeps)
  const idle = async () => {
    while (awaited.length > 0) await new Promise((resolve) => setTimeout(resolve, 2))
  }
  return { fetch, supplied, troubles, asked, idle, mostAtOnce: () => mostAtOnce }
}

test("[N6.4] blobs are fetched one at a time, and each once, however many letters name it", async () => {
  const contents = Array.from({ length: 3 }, () => new Uint8Array(randomBytes(1_000)))
  const ids = contents.map(() => new Uint8Array(randomBytes(32)))
  const blobs = new Map(ids.map((id, i) => [hex(id), contents[i] as Uint8Array]))
  const awaited = ids.flatMap((blobId) => Array.from({ length: 30 }, () => ({ blobId, length: 1_000 })))
  const story = fetching(blobs, awaited)
  for (const blob of [...awaited]) story.fetch.blob(blob)
  await story.idle()
  // the next session asks again for what is no longer awaited
  for (const blobId of ids) story.fetch.blob({ blobId })
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(story.mostAtOnce()).toBe(1)
  expect(story.asked).toHaveLength(3)
  expect(story.supplied).toEqual(ids.map((id, i) => ({ name: hex(id), bytes: contents[i] })))
  expect(story.troubles).toEqual([])
})

test("[N6.4] a letter that lies about a blob's length does not spoil it for the others", async () => {
  const blobId = new Uint8Array(randomBytes(32))
  const content = new Uint8Array(limits.blobChunkBytes + 500).fill(7)
  for (const lie of [1, 100, 67_108_864]) {
    const story = fetching(new Map([[hex(blobId), content]]), [
      { blobId, length: lie },
      { blobId, length: content.length },
    ])
    story.fetch.blob({ blobId })
    await story.idle()
    expect(Buffer.compare(story.supplied[0]?.bytes as Uint8Array, content)).toBe(0)
  }
})

test("[N6.4] a blob that is longer than every letter says, or is not there, is given up", async () => {
  const blobId = new Uint8Array(randomBytes(32))
  for (const blobs of [new Map<string, Uint8Array>(), new Map([[hex(blobId), new Uint8Array(2_000)]])]) {
    const story = fetching(blobs, [{ blobId, length: 1_999 }])
    story.fetch.blob({ blobId })
    await story.idle()
    expect(story.supplied).toEqual([{ name: hex(blobId), bytes: null }])
    expect(story.asked).toHaveLength(1)
  }
})
