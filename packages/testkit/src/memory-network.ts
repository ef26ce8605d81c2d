import type { Network, Socket } from "@holdfast/client"
import { createRoutes, type Peer, type Relay } from "@holdfast/relay"

/** Relays by address, reached without a network: sockets are pairs of queues, requests go straight to the routes. */
export interface MemoryNetwork extends Network {
  put(url: string, relay: Relay): void
  remove(url: string): void
}

export function createMemoryNetwork(): MemoryNetwork {
  const relays = new Map<string, { readonly relay: Relay; readonly routes: ReturnType<typeof createRoutes> }>()

  function find(url: string) {
    const found = relays.get(new URL(url).origin)
    if (found === undefined) throw new Error("nothing listens there")
    return found
  }

  return {
    put: (url, relay) => void relays.set(new URL(url).origin, { relay, routes: createRoutes(relay) }),
    remove: (url) => void relays.delete(new URL(url).origin),
    async openSocket(url) {
      return socketTo(find(url).relay)
    },
    async fetch(url, init) {
      init.signal?.throwIfAborted()
      const { routes } = find(url)
      const response = await routes.fetch(
        new Request(url, {
          method: init.method,
          headers: init.headers,
          ...(init.body === undefined ? {} : { body: new Uint8Array(init.body) }),
        }),
      )
      return { status: response.status, bytes: async () => new Uint8Array(await response.arrayBuffer()) }
    },
  }
}

/** Both directions deliver in order, in a later task, as a real socket would. */
function socketTo(relay: Relay): Socket {
  const onMessage: ((bytes: Uint8Array) => void)[] = []
  const onClose: (() => void)[] = []
  let early: Uint8Array[] | undefined = []
  let closed = false

  function end(): void {
    if (closed) return
    closed = true
    for (const listener of onClose) listener()
  }
  const deliver = (bytes: Uint8Array) => {
    if (closed) return
    if (early !== undefined) early.push(bytes)
    else for (const listener of onMessage) listener(bytes)
  }
  const peer: Peer = {
    address: "memory",
    send(message, onWritten) {
      const copy = message.slice()
      setImmediate(() => {
        deliver(copy)
        onWritten()
      })
    },
    ping: () => {},
    pause: () => {},
    resume: () => {},
    close: () => setImmediate(end),
  }
  const connection = relay.connect(peer)
  return {
    send(bytes) {
      if (closed) throw new Error("closed")
      const copy = bytes.slice()
      setImmediate(() => connection?.receive(copy))
    },
    close() {
      if (closed) return
      closed = true
      connection?.closed()
    },
    onMessage(listener) {
      onMessage.push(listener)
      const waiting = early ?? []
      early = undefined
      for (const bytes of waiting) listener(bytes)
    },
    onClose(listener) {
      onClose.push(listener)
    },
  }
}
