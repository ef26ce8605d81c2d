import { expect, test } from "vitest"
import { streamOf } from "../src/downloads/read-stream.ts"
import { answerReads, stepBytes } from "../src/downloads/stream.ts"

const size = 5 * stepBytes + 17
const byteAt = (offset: number) => (offset * 31) % 251

function pipe(read?: (offset: number, length: number) => Promise<Uint8Array>) {
  const { port1, port2 } = new MessageChannel()
  const reads: number[] = []
  let ended = 0
  answerReads(
    port1,
    size,
    read ??
      (async (offset, length) => {
        reads.push(offset)
        return Uint8Array.from({ length }, (_, at) => byteAt(offset + at))
      }),
  )
  const stream = streamOf(port2, () => {
    ended += 1
  })
  return { stream, reads, ended: () => ended }
}
const pause = () => new Promise((resolve) => setTimeout(resolve, 30))

test("every byte arrives once and in order", async () => {
  const { stream, ended } = pipe()
  let offset = 0
  for await (const bytes of stream) {
    expect(bytes[0]).toBe(byteAt(offset))
    offset += bytes.length
  }
  expect(offset).toBe(size)
  expect(ended()).toBe(1)
})

test("nothing is read ahead of a reader who does not read", async () => {
  const { stream, reads } = pipe()
  const reader = stream.getReader()
  await reader.read()
  await pause()
  // what was read and one step in hand
  expect(reads.length).toBeLessThanOrEqual(2)
  await reader.cancel()
})

test("a file that cannot be read ends the download with an error, not with fewer bytes", async () => {
  const { stream, ended } = pipe(async (offset, length) => {
    if (offset > 0) throw new Error("gone")
    return new Uint8Array(length)
  })
  await expect(new Response(stream).arrayBuffer()).rejects.toThrow("could not be read")
  expect(ended()).toBe(1)
})

test("a cancelled download reads no further", async () => {
  const { stream, reads, ended } = pipe()
  const reader = stream.getReader()
  await reader.read()
  await reader.cancel()
  await pause()
  const before = reads.length
  await pause()
  expect(reads.length).toBe(before)
  expect(ended()).toBe(1)
})

test("the engine's own buffers are not taken away by the transfer", async () => {
  const whole = new Uint8Array(size).fill(7)
  const { stream } = pipe(async (offset, length) => whole.subarray(offset, offset + length))
  expect((await new Response(stream).arrayBuffer()).byteLength).toBe(size)
  expect(whole[size - 1]).toBe(7)
})
