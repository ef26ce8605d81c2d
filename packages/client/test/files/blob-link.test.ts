import { utf8 } from "@holdfast/wire"
import { expect, test } from "vitest"
import { blobLink } from "../../src/files/blob-link.ts"

function standing(body: unknown) {
  const network = {
    openSocket: () => Promise.reject(new Error("none")),
    fetch: async () => ({ status: 200, bytes: async () => utf8(JSON.stringify(body)) }),
  }
  const link = blobLink(network as never, () => ({ url: "http://relay.example", token: new Uint8Array(32) }))
  return link.standing("00".repeat(32))
}

test("[W9.2] ranges that are there", async () => {
  const ranges = [0, 2, 4, 5]
  const have = (await standing({ chunks: 5, have: [ranges.slice(0, 2), ranges.slice(2)] }))?.have
  expect([...(have ?? [])]).toEqual([0, 1, 4])
})

test.each([
  [[[-1e15, 5]]],
  [[[0, 1e15]]],
  [[[0.5, 2]]],
  [[[2, 2]]],
  [
    [
      [0, 3],
      [2, 4],
    ],
  ],
  [Array.from({ length: 5_000 }, () => [0, 2_000])],
  [[["0", "5"]]],
  [[null]],
])("[E8.2] ranges that make no sense are no answer, and cost nothing: %#", async (have) => {
  const before = performance.now()
  await expect(standing({ chunks: 5, have })).rejects.toMatchObject({ code: "relay_unreachable" })
  expect(performance.now() - before).toBeLessThan(1_000)
})
