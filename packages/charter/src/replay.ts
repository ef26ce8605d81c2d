import type { OrgId } from "@holdfast/wire"
import { appendRead, beforeNext, type Charter, openCharter, readEnvelope } from "./charter.ts"
import type { Envelope } from "./envelope.ts"
import type { Refusal } from "./refusal.ts"
import { approvalClaims, type Claim, isSameClaim, proofClaims, type Verify, verifyClaim } from "./signatures.ts"

interface Read {
  readonly entry: Uint8Array
  readonly envelope: Envelope | Refusal
}

const batchEntries = 64

/**
 * Replays a whole history, with the same outcome as one `append` after the other and several times as fast: signatures of the
 * entries ahead are already being verified, on the platform's threads, while these are judged. `onProgress` gets the number
 * of entries done, now and then. Throws like `append`, and whatever `entries` throws. (C7.8)
 */
export function replay(
  orgId: OrgId,
  entries: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  onProgress?: (done: number) => void,
): Promise<Charter> {
  return replayRead(orgId, entries, verifyClaim, onProgress)
}

export async function replayRead(
  orgId: OrgId,
  entries: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  verify: Verify,
  onProgress?: (done: number) => void,
): Promise<Charter> {
  let charter = openCharter(orgId)
  const ahead = verifyAhead(verify)
  let waiting: readonly Read[] = []
  const settle = async (batch: readonly Read[]) => {
    for (const { entry, envelope } of batch)
      charter = (await appendRead(charter, entry, envelope, ahead.verify)).charter
    if (batch.length > 0) onProgress?.(charter.size)
  }
  for await (const batch of inBatches(entries)) {
    for (const { envelope } of batch) if (typeof envelope !== "string") ahead.start(charter, envelope)
    await settle(waiting)
    waiting = batch
  }
  await settle(waiting)
  return charter
}

async function* inBatches(entries: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncIterable<readonly Read[]> {
  let batch: Read[] = []
  for await (const entry of entries) {
    batch.push({ entry, envelope: readEnvelope(entry) })
    if (batch.length < batchEntries) continue
    yield batch
    batch = []
  }
  yield batch
}

/**
 * Verifies early, under the keys that the state of that moment has. When its turn comes, an entry may be judged under
 * another state: an early verdict is used only if it was about the very same key.
 */
function verifyAhead(verify: Verify): { start(charter: Charter, envelope: Envelope): void; readonly verify: Verify } {
  const begun = new WeakMap<object, { readonly claim: Claim; readonly verdict: Promise<boolean> }>()
  return {
    start(charter, { statement, approvals }) {
      const { org, state } = beforeNext(charter)
      for (const claim of [...approvalClaims(state, statement, approvals), ...proofClaims(org, state, statement)]) {
        begun.set(claim.source, { claim, verdict: verify(claim) })
      }
    },
    verify(claim) {
      const early = begun.get(claim.source)
      return early !== undefined && isSameClaim(early.claim, claim) ? early.verdict : verify(claim)
    },
  }
}
