import {
  type Answer,
  type Challenge,
  codeOf,
  type DeviceId,
  decode,
  encode,
  type Operation,
  type OrgId,
  Reply,
  Request,
} from "@holdfast/wire"
import { WebSocket } from "ws"

/** The relay protocol spoken by hand, for what no genuine client would say. */
export interface RawConnection {
  readonly challenge: Challenge
  /** The answer; a goodbye counts as one. */
  ask(op: Operation): Promise<Answer>
  close(): void
}

export async function connectRaw(url: string): Promise<RawConnection> {
  const ws = new WebSocket(`${url.replace(/^http/, "ws")}/v1/socket`)
  const waiting = new Map<number, (answer: Answer) => void>()
  let next = 1
  let goodbye: Answer | undefined
  const challenge = new Promise<Challenge>((resolve, reject) => {
    ws.on("error", reject)
    ws.on("close", () => {
      for (const answer of waiting.values()) answer(goodbye ?? closed)
      waiting.clear()
    })
    ws.on("message", (message: Buffer) => {
      const { id, op } = decode(Reply, new Uint8Array(message))
      if (op.kind === "challenge") return resolve(op.value)
      if (op.kind === "goodbye") goodbye = op
      waiting.get(id)?.(op)
      waiting.delete(id)
    })
  })
  return {
    challenge: await challenge,
    ask(op) {
      const id = next++
      return new Promise((resolve) => {
        waiting.set(id, resolve)
        ws.send(encode(Request, { id, op }), (error) => {
          if (error) resolve(goodbye ?? closed)
        })
      })
    },
    close: () => ws.terminate(),
  }
}

const closed: Answer = { kind: "goodbye", value: { code: 14 } }

/** The code of a refusal; `undefined` when it was not refused. */
export function refusalOf(answer: Answer): string | undefined {
  return answer.kind === "failure" || answer.kind === "goodbye" ? codeOf(answer.value) : undefined
}

export function helloWith(org: OrgId, device: DeviceId, signature: Uint8Array): Operation {
  return { kind: "helloDevice", value: { org, device, signature } }
}
