// A request to join, and the one act that answers it (E5.6, E5.19).
import { checkName, commitName, type KnownAct, type LaterAct } from "@holdfast/charter"
import { equalBytes, fromHex, hex } from "@holdfast/wire"
import type { Id } from "./id.ts"
import { deviceEntryOf, type JoinRequest, purposeOf } from "./join-request.ts"

/** Acts that bring a device somebody has asked for. */
export type AnsweringAct = Extract<KnownAct, { readonly type: "member-add" | "device-add" | "recover" }>

export function actOfRequest(id: Id, request: JoinRequest): LaterAct & AnsweringAct {
  const { member } = request
  const device = deviceEntryOf(request)
  switch (purposeOf(request)) {
    case "device":
      return { type: "device-add", body: { member, device } }
    case "recovery":
      return { type: "recover", body: { member, device, requestId: fromHex(id) } }
    default:
      return {
        type: "member-add",
        body: {
          member,
          nameCommitment: commitName(request.salt, request.name),
          devices: [device],
          requestId: fromHex(id),
        },
      }
  }
}

/** The request to join or to be recovered that a single act says it answers. */
export function requestAnsweredBy(act: KnownAct): readonly Id[] {
  return act.type === "member-add" || act.type === "recover" ? [hex(act.body.requestId)] : []
}

/** Whether it answers this request to join or to be recovered, alone or among others. */
export function answersIn(act: KnownAct, request: Id): boolean {
  if (act.type === "batch") return act.body.acts.some((one) => answersIn(one, request))
  return requestAnsweredBy(act).includes(request)
}

/** Whether the act says that it answers this request. */
export function isAnswerTo(act: AnsweringAct, id: Id, request: JoinRequest): boolean {
  if (act.type !== "device-add") return hex(act.body.requestId) === id
  return purposeOf(request) === "device" && equalBytes(act.body.device.id, deviceEntryOf(request).id)
}

/** Whether it does what was asked for, and nothing else. */
export function isExactly(act: AnsweringAct, request: JoinRequest): boolean {
  const purpose = purposeOf(request)
  if (!equalBytes(act.body.member, request.member)) return false
  switch (act.type) {
    case "device-add":
      return purpose === "device"
    case "recover":
      return purpose === "recovery" && equalBytes(act.body.device.publicKey, request.devicePublicKey)
    case "member-add": {
      const [device, ...more] = act.body.devices
      return (
        (purpose === "member" || purpose === "keeper") &&
        checkName(act.body.nameCommitment, request.salt, request.name) &&
        more.length === 0 &&
        device !== undefined &&
        equalBytes(device.publicKey, request.devicePublicKey)
      )
    }
  }
}
