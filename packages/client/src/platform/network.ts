import type { Network, Socket } from "../ports.ts"

/** The relay's socket address from its http(s) address. */
function socketUrl(url: string): string {
  const at = new URL("/v1/socket", url)
  at.protocol = at.protocol === "https:" ? "wss:" : "ws:"
  return at.href
}

function wrap(socket: WebSocket): Socket {
  const waiting: Uint8Array[] = []
  let onMessage: ((bytes: Uint8Array) => void) | undefined
  let onClose: (() => void) | undefined
  let closed = false
  socket.onmessage = (event: MessageEvent) => {
    // text frames are no part of the protocol
    if (!(event.data instanceof ArrayBuffer)) return socket.close()
    const bytes = new Uint8Array(event.data)
    if (onMessage === undefined) waiting.push(bytes)
    else onMessage(bytes)
  }
  socket.onclose = () => {
    closed = true
    onClose?.()
  }
  return {
    send: (bytes) => socket.send(new Uint8Array(bytes)),
    close: () => socket.close(),
    onMessage(listener) {
      onMessage = listener
      for (const bytes of waiting.splice(0)) listener(bytes)
    },
    onClose(listener) {
      onClose = listener
      if (closed) listener()
    },
  }
}

/** WebSocket and fetch of the platform; the same in browsers and Node. */
export const platformNetwork: Network = {
  openSocket: (url) =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(socketUrl(url))
      socket.binaryType = "arraybuffer"
      const early = wrap(socket)
      socket.onopen = () => resolve(early)
      socket.onerror = () => reject(new Error("the relay cannot be reached"))
    }),
  async fetch(url, init) {
    const answer = await fetch(url, {
      method: init.method,
      headers: init.headers,
      redirect: "error",
      credentials: "omit",
      cache: "no-store",
      referrerPolicy: "no-referrer",
      ...(init.body === undefined ? {} : { body: new Uint8Array(init.body) }),
      ...(init.signal === undefined ? {} : { signal: init.signal }),
    })
    return { status: answer.status, bytes: async () => new Uint8Array(await answer.arrayBuffer()) }
  },
}
