// Many people at once: one statement for as many as fit, so that keepers sign once (E5.16).
import { type BatchedAct, type LaterAct, maxBatch } from "@holdfast/charter"
import { toMemberId } from "@holdfast/wire"
import { ClientError } from "./error.ts"
import type { Id } from "./id.ts"
import { idBytes } from "./proposals.ts"
import type { Requests } from "./requests.ts"

/** Leaves a third of an envelope for the approvals, those of passkeys included. */
export const batchSize = 200

/** In the order given, as evenly as possible; a single act stands for itself. (E5.16) */
export function batched(acts: readonly (LaterAct & BatchedAct)[]): readonly LaterAct[] {
  const count = Math.ceil(acts.length / Math.min(batchSize, maxBatch))
  return Array.from({ length: count }, (_, i) => {
    const part = acts.slice(Math.floor((i * acts.length) / count), Math.floor(((i + 1) * acts.length) / count))
    const [only, ...more] = part
    return more.length === 0 && only !== undefined ? only : { type: "batch", body: { acts: part } }
  })
}

/** Throws `malformed` for none and for one that is there twice, `not_allowed` for one that cannot be answered this way. */
export function admissions(requests: Requests, ids: readonly Id[]): readonly LaterAct[] {
  checkList(ids)
  return batched(
    ids.map((id) => {
      const act = requests.actFor(id)
      if (act?.type === "member-add") return act
      throw new ClientError("not_allowed", "One of these requests is answered already, or is not by somebody new.")
    }),
  )
}

/** Throws as `admissions`; `me` cannot be among them. */
export function removals(ids: readonly Id[], me: Id): readonly LaterAct[] {
  checkList(ids)
  if (ids.includes(me)) throw new ClientError("not_allowed", "Somebody else has to propose that.")
  return batched(ids.map((id) => ({ type: "member-remove", body: { member: toMemberId(idBytes(id)) } })))
}

function checkList(ids: readonly Id[]): void {
  if (ids.length === 0) throw new ClientError("malformed", "Nobody was chosen.")
  if (new Set(ids).size !== ids.length) throw new ClientError("malformed", "Somebody was chosen twice.")
}
