import type { Message } from "@holdfast/client"
import { expect, test } from "vitest"
import type { RemoteClient } from "../src/engine/protocol.ts"
import { type MessageStore, mergeNewest, messageStore } from "../src/state/message-window.ts"

const message = (n: number, words = `words ${n}`): Message => ({
  id: String(n),
  conversation: "c",
  from: "a",
  device: "d",
  at: n * 1_000,
  state: "received",
  body: { kind: "text", text: words },
})
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => message(from + at))
const ids = (messages: readonly Message[]) => messages.map(({ id }) => Number(id))

/** A conversation of which the window sees what `all` holds at the time. */
function conversation(all: Message[]) {
  const asked: string[] = []
  const client = {
    async messages(_: string, page: { before?: string; limit?: number } = {}) {
      asked.push(`${page.before ?? "end"}/${page.limit}`)
      const end = page.before === undefined ? all.length : all.findIndex(({ id }) => id === page.before)
      return all.slice(Math.max(0, end - (page.limit ?? 50)), end)
    },
  } as unknown as RemoteClient
  return { store: messageStore(client, "c"), asked }
}
const settled = async (store: MessageStore, until: () => boolean) => {
  for (let turn = 0; turn < 200 && !until(); turn += 1) await new Promise((resolve) => setTimeout(resolve, 5))
  return store.snapshot()
}

test("a newest page takes the place of what it covers and keeps what is older", () => {
  const merged = mergeNewest(range(0, 60), [message(58, "edited"), ...range(59, 63)])
  expect(ids(merged)).toEqual(ids(range(0, 63)))
  expect(merged[58]?.body).toEqual({ kind: "text", text: "edited" })
})

test("a newest page that does not touch the rest starts anew, so that no gap is hidden", () => {
  expect(ids(mergeNewest(range(0, 10), range(80, 90)))).toEqual(ids(range(80, 90)))
})

test("a waiting message that found its place between others appears once", () => {
  const before = [message(1), message(9), message(2)]
  expect(ids(mergeNewest(before, [message(1), message(2), message(9)]))).toEqual([1, 2, 9])
})

test("the first look asks for the newest page only, and scrolling up for the pages before it until there are no more", async () => {
  const { store } = conversation(range(0, 120))
  const stop = store.subscribe(() => undefined)
  await settled(store, () => store.snapshot().loaded)
  expect(ids(store.snapshot().messages)).toEqual(ids(range(70, 120)))
  await store.loadOlder()
  await Promise.all([store.loadOlder(), store.loadOlder()])
  expect(ids(store.snapshot().messages)).toEqual(ids(range(0, 120)))
  expect(store.snapshot().older).toBe(false)
  stop()
})

test("changes are asked for while somebody looks, and once when somebody looks again", async () => {
  const all = range(0, 3)
  const { store, asked } = conversation(all)
  const stop = store.subscribe(() => undefined)
  await settled(store, () => store.snapshot().loaded)
  stop()
  asked.length = 0
  all.push(message(3))
  store.refresh()
  store.refresh()
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(asked).toEqual([])
  store.subscribe(() => undefined)
  await settled(store, () => store.snapshot().messages.length === 4)
  expect(asked).toEqual(["end/50"])
})

test("a moving transfer asks for its own message only, and not at every step", async () => {
  const all = range(0, 120)
  const { store, asked } = conversation(all)
  store.subscribe(() => undefined)
  await settled(store, () => store.snapshot().loaded)
  asked.length = 0
  all[100] = message(100, "moved")
  for (let step = 0; step < 50; step += 1) store.refreshTransfer("100")
  await settled(store, () => asked.length > 0)
  await new Promise((resolve) => setTimeout(resolve, 30))
  expect(asked).toEqual(["101/1"])
  expect(store.snapshot().messages.find(({ id }) => id === "100")?.body).toEqual({ kind: "text", text: "moved" })
})
