// Appends under load until it is killed. Writes one line for each acknowledgement: number and index.
import { writeSync } from "node:fs"
import { laneIdOf, toOrgId } from "@holdfast/wire"
import { openSqliteEngine } from "../src/index.ts"

const [file, from] = process.argv.slice(2) as [string, string]
const org = toOrgId(new Uint8Array(32).fill(7))
const lane = laneIdOf(org, 0)

function entry(n: number) {
  const messageId = new Uint8Array(16)
  const bytes = new Uint8Array(n % 5 === 0 ? 4_096 : 512)
  new DataView(messageId.buffer).setUint32(0, n)
  new DataView(bytes.buffer).setUint32(0, n)
  return { messageId, bytes }
}

const engine = openSqliteEngine({ file })
await engine.createOrg(org, entry(0))
let next = Number(from)
const worker = async () => {
  for (;;) {
    const n = next
    next += 2
    const { indices } = await engine.append(lane, [entry(n), entry(n + 1)])
    // Straight to the pipe: what the parent has read was acknowledged before the kill.
    writeSync(1, `${n} ${indices[0]}\n${n + 1} ${indices[1]}\n`)
  }
}
await Promise.all(Array.from({ length: 32 }, worker))
