// Runs in the browser: reads a whole history and tells how long the replay alone took.
import { replay } from "../src/index.ts"

interface Replayed {
  readonly millis: number
  readonly members: number
  readonly refused: number
}

async function replayFrom(address: string, orgId: readonly number[]): Promise<Replayed> {
  const response = await fetch(address)
  const bytes = new Uint8Array(await response.arrayBuffer())
  const entries: Uint8Array[] = []
  const view = new DataView(bytes.buffer)
  for (let at = 0; at < bytes.length; ) {
    const length = view.getUint32(at)
    entries.push(bytes.slice(at + 4, at + 4 + length))
    at += 4 + length
  }
  const from = performance.now()
  const charter = await replay(Uint8Array.from(orgId) as Parameters<typeof replay>[0], entries)
  const millis = performance.now() - from
  return { millis, members: charter.state.members.size, refused: charter.refused.length }
}

Object.assign(globalThis, { replayFrom })
