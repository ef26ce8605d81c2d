import { type Answer, codeOf, equalBytes, type Failure, type OrgId } from "@holdfast/wire"
import { ClientError } from "./error.ts"
import { refusedError } from "./relay-link.ts"

/** Whether a founding or a request to join has reached the relay; somebody waits for the answer the first time. */
export interface FirstContact {
  /** Settles with the next `reached` or `failed`. */
  wait(): Promise<void>
  reached(): void
  failed(error: ClientError): void
}

export function createFirstContact(): FirstContact {
  let waiting: { resolve: () => void; reject: (error: ClientError) => void } | undefined
  return {
    wait: () =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject }
      }),
    reached() {
      waiting?.resolve()
      waiting = undefined
    },
    failed(error) {
      waiting?.reject(error)
      waiting = undefined
    },
  }
}

/** Throws when the relay has not taken the founding of this organisation. */
export function checkFounded(answer: Answer, org: OrgId): void {
  if (answer.kind === "failure") throw foundingRefusal(answer.value)
  if (answer.kind !== "founded" || !equalBytes(answer.value.org, org)) {
    throw new ClientError("relay_refused", "The relay answered with another organisation.")
  }
}

function foundingRefusal(failure: Failure): ClientError {
  switch (codeOf(failure)) {
    case "not_authenticated":
      return new ClientError("not_allowed", "That is not the relay's hosting code. Whoever runs the relay has it.")
    case "too_many":
    case "quota":
      return new ClientError("relay_refused", "This relay does not take any more organisations at the moment.")
    default:
      return refusedError(failure)
  }
}

export function inviteRefusal(): ClientError {
  return new ClientError(
    "invitation_expired",
    "This invitation is not known any more: it was used, it expired, or it was taken back.",
  )
}
