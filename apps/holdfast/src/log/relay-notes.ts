// Asks a relay, as anybody may who knows the organisation's id, for its notes of the charter. Its file `checkpoint` is the one that
// witnesses have cosigned (R5.2), which may be older than what it has.
import {
  type Answer,
  decode,
  encode,
  laneIdOf,
  limits,
  type Operation,
  type OrgId,
  Reply,
  Request,
  utf8,
} from "@holdfast/wire"

const patienceMillis = 10_000

/** The newest that the relay signs. Null: the relay does not answer in 10 s, or not in a way that is understood. */
export function newestNote(relay: string, org: OrgId): Promise<Uint8Array | null> {
  return askFor(relay, org, { kind: "getCheckpoint", value: { lane: laneIdOf(org, "charter") } })
}

/** The newest that witnesses have cosigned (W5.14). Null: also where the relay has none or is too old to know the question. */
export function witnessedNote(relay: string, org: OrgId): Promise<Uint8Array | null> {
  return askFor(relay, org, { kind: "getWitnessed", value: {} })
}

/** Nothing of the note is verified. */
async function askFor(relay: string, org: OrgId, question: Operation): Promise<Uint8Array | null> {
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
        else if (op.kind === "sessionOpened") ask(2, question)
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
