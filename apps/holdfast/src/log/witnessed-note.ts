// Asks a relay, as anybody may who knows the organisation's id, for the newest checkpoint that witnesses have cosigned (W5.14).
import { type Answer, decode, encode, limits, type Operation, type OrgId, Reply, Request, utf8 } from "@holdfast/wire"

const patienceMillis = 10_000

/** Null: the relay has none, is too old to know the question, or does not answer in 10 s. Nothing of the note is verified. */
export async function witnessedNote(relay: string, org: OrgId): Promise<Uint8Array | null> {
  const url = new URL("/v1/socket", relay)
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:"
  const socket = new WebSocket(url)
  socket.binaryType = "arraybuffer"
  const ask = (id: number, op: Operation) => socket.send(encode(Request, { id, op }))
  try {
    return await new Promise<Uint8Array | null>((resolve) => {
      const timer = setTimeout(() => end(null), patienceMillis)
      function end(note: Uint8Array | null): void {
        clearTimeout(timer)
        resolve(note)
      }
      function answered(op: Answer): void {
        if (op.kind === "challenge") ask(1, { kind: "helloReader", value: { org } })
        else if (op.kind === "sessionOpened") ask(2, { kind: "getWitnessed", value: {} })
        else end(op.kind === "checkpoint" ? utf8(op.value.note) : null)
      }
      socket.onerror = () => end(null)
      socket.onclose = () => end(null)
      socket.onmessage = ({ data }: MessageEvent) => {
        try {
          answered(decode(Reply, new Uint8Array(data as ArrayBuffer), limits.socketMessageBytes).op)
        } catch {
          // no message of the protocol: from this relay nothing is to be had
          end(null)
        }
      }
    })
  } finally {
    socket.onerror = null
    socket.onclose = null
    socket.close()
  }
}
