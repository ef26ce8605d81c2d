import type { Network, Socket } from "@holdfast/client"
import { decode, encode, Reply, Request } from "@holdfast/wire"

/** A network whose faults a test decides about. Everything works until told otherwise. */
export interface FaultNetwork extends Network {
  /** Breaks all connections and refuses new ones until `heal`. */
  cut(): void
  heal(): void
  /** Breaks all connections; new ones work. */
  dropConnections(): void
  /** From the next connection on, what is meant for one address goes to another, as with a turned name server or relay. */
  redirect(url: string | undefined): void
  /** Every message of a relay is held for as long. */
  delayReplies(millis: number): void
  /** Relay messages for which this says false never arrive. */
  keepReplies(keep: (reply: Reply) => boolean): void
  /** Requests for which this says false never arrive. */
  keepRequests(keep: (request: Request) => boolean): void
  /** What a lying relay, or somebody in between, makes of a relay's message: none, one or several. */
  tamper(change: ((reply: Reply) => readonly Reply[]) | undefined): void
  /** What becomes of the bodies of plain requests' answers. */
  tamperFetch(change: ((body: Uint8Array) => Uint8Array) | undefined): void
  /** Called before every message to the relay; may throw. */
  onSend(probe: (bytes: Uint8Array) => void): void
  readonly sent: () => number
}

export function createFaultNetwork(inner: Network): FaultNetwork {
  const sockets = new Set<{ break(): void }>()
  let isCut = false
  let delay = 0
  let target: string | undefined
  let keep: (reply: Reply) => boolean = () => true
  let keepRequest: ((request: Request) => boolean) | undefined
  let change: ((reply: Reply) => readonly Reply[]) | undefined
  let changeBody: ((body: Uint8Array) => Uint8Array) | undefined
  let probe: (bytes: Uint8Array) => void = () => {}
  let count = 0

  function wrap(socket: Socket): Socket {
    const onClose: (() => void)[] = []
    let broken = false
    const own = {
      break() {
        if (broken) return
        broken = true
        sockets.delete(own)
        socket.close()
        for (const listener of onClose) listener()
      },
    }
    sockets.add(own)
    socket.onClose(() => own.break())
    return {
      send(bytes) {
        probe(bytes)
        count += 1
        if (keepRequest !== undefined && !keepRequest(decode(Request, bytes))) return
        if (!broken) socket.send(bytes)
      },
      close() {
        broken = true
        sockets.delete(own)
        socket.close()
      },
      onMessage(listener) {
        socket.onMessage((bytes) => {
          const reply = decode(Reply, bytes)
          const changed = change === undefined ? [reply] : change(reply)
          for (const one of changed) {
            if (!keep(one)) continue
            const out = change === undefined ? bytes : encode(Reply, one)
            const deliver = () => {
              if (!broken) listener(out)
            }
            if (delay > 0) setTimeout(deliver, delay)
            else deliver()
          }
        })
      },
      onClose: (listener) => void onClose.push(listener),
    }
  }

  return {
    async openSocket(url) {
      if (isCut) throw new Error("cut")
      return wrap(await inner.openSocket(target ?? url))
    },
    async fetch(url, init) {
      if (isCut) throw new Error("cut")
      const answer = await inner.fetch(url, init)
      const change = changeBody
      if (change === undefined) return answer
      return { status: answer.status, bytes: async () => change(await answer.bytes()) }
    },
    cut() {
      isCut = true
      for (const socket of [...sockets]) socket.break()
    },
    heal() {
      isCut = false
    },
    dropConnections() {
      for (const socket of [...sockets]) socket.break()
    },
    redirect(url) {
      target = url
    },
    delayReplies(millis) {
      delay = millis
    },
    keepReplies(next) {
      keep = next
    },
    keepRequests(next) {
      keepRequest = next
    },
    tamper(next) {
      change = next
    },
    tamperFetch(next) {
      changeBody = next
    },
    onSend(next) {
      probe = next
    },
    sent: () => count,
  }
}
