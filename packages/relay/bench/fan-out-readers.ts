// Many readers in one process: opens them, says it is ready, and reports each time as many frames have come as it was asked to wait for.
import {
  decode,
  encode,
  fromHex,
  laneIdOf,
  type OrgId,
  Reply,
  Request,
  sessionSigningInput,
  toOrgId,
} from "@holdfast/wire"
import { WebSocket } from "ws"
import { person } from "../test/harbour.ts"

const [url, countText, orgText] = process.argv.slice(2) as [string, string, string]
let got = 0
let wanted = 0

function count(frames: number): void {
  got += frames
  if (wanted > 0 && got >= wanted) {
    got -= wanted
    wanted = 0
    process.send?.("got")
  }
}

process.on("message", (frames: number) => {
  wanted = frames
  count(0)
})
process.on("disconnect", () => process.exit(0))

function openBare(): Promise<void> {
  return new Promise((ready) => {
    const ws = new WebSocket(url, { perMessageDeflate: false })
    ws.on("open", () => ready())
    ws.on("message", () => count(1))
  })
}

async function openReader(org: OrgId, ana: Awaited<ReturnType<typeof person>>): Promise<void> {
  const lane = laneIdOf(org, 0)
  await new Promise<void>((ready) => {
    const ws = new WebSocket(url, { perMessageDeflate: false })
    ws.on("message", async (message: Buffer) => {
      const { op } = decode(Reply, new Uint8Array(message.buffer, message.byteOffset, message.length))
      if (op.kind === "frames") count(op.value.frames.length)
      else if (op.kind === "challenge") {
        const signature = await ana.key.sign(sessionSigningInput("device", op.value, org))
        ws.send(encode(Request, { id: 1, op: { kind: "helloDevice", value: { org, device: ana.device, signature } } }))
      } else if (op.kind === "sessionOpened") {
        ws.send(encode(Request, { id: 2, op: { kind: "subscribe", value: { lane, from: 0 } } }))
      } else if (op.kind === "subscribed") ready()
      else throw new Error(`unexpected ${op.kind}`)
    })
  })
}

const readers = Number(countText)
const org = orgText === "" ? undefined : toOrgId(fromHex(orgText))
const ana = await person("ana")
for (let i = 0; i < readers; i += 50) {
  const some = Array.from({ length: Math.min(50, readers - i) }, () =>
    org === undefined ? openBare() : openReader(org, ana),
  )
  await Promise.all(some)
}
process.send?.("ready")
