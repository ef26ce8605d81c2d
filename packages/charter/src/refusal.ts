/** Why an entry was recorded and not applied, each with the rule it broke. The list is closed. (C7.2) */
export const refusals = {
  malformed: "The bytes are not a charter entry", // C1
  too_large: "The entry is larger than allowed", // C1.8
  wrong_organisation: "It is about another organisation", // C6.1
  replayed: "It was applied before", // C6.2
  second_genesis: "An organisation is founded only once", // C6.3
  unknown_type: "This version does not know this type of act", // C4.8
  wrong_subject: "It names another subject than its content", // C6.4
  wrong_rules_version: "It was drafted under other rules than those in force", // C6.5
  wrong_sequence: "Another statement about the same subject came first", // C6.6
  wrong_base: "It was drafted on a history that is not this one", // C6.7
  base_too_old: "It was drafted too many entries ago", // C6.7
  member_known: "The member is already there, or was removed and cannot return", // C5.1
  member_unknown: "There is no such member", // C5.1
  member_removed: "The member was removed", // C5.1
  device_known: "The device is already there, or was removed and cannot return", // C5.2
  device_unknown: "There is no such device", // C5.2
  device_removed: "The device was removed before", // C5.2
  device_of_another: "The device belongs to another member", // C5.2
  wrong_device_id: "The device's id does not come from its key", // C2.2
  too_many_devices: "The member has as many devices as allowed", // C4.2
  bad_key: "A key is of a weak or ambiguous form", // C2.4
  key_reused: "A key would serve as device and keeper, or as two keepers", // C2.4
  id_reused: "An id would stand for a keeper and for a member or device", // C2.8
  bad_proof: "A new key has not signed its own admission", // C2.3
  wrong_version: "The new rules do not have the next version number", // C3.1
  passkey_not_local: "A passkey is not bound to a local name, so a server could ask for it", // C9
  keeper_changed: "A keeper's id would get another key", // C3.3
  keeper_twice: "One member would hold two seats", // C3.3
  keeper_member_unknown: "A new keeper's member is not in the organisation", // C3.3
  keeper_unknown: "There is no such keeper", // C5.6
  floor_k: "Fewer than two keepers could decide", // C3.6
  floor_loss: "The loss of one keeper could stop the organisation", // C3.6
  floor_majority: "Half of the keepers or fewer could change the rules", // C3.6
  floor_evaluation: "An organisation cannot go back to a single keeper", // C3.5
  floor_diversity: "The labels that are asked for could not be met, or not after the loss of one keeper", // C3.7
  floor_window: "The base window is too small or too large", // C3.9
  floor_delay: "An act would wait too long, or one that has to be quick would wait", // C3.8
  delay_without_witnesses: "Without witnesses the log has no clock, so nothing can wait", // C3.8
  floor_veto: "Fewer keepers than decide could stop an act, or nobody could stop one that waits", // C3.11
  floor_witnesses: "Half of the witnesses or fewer would be believed", // C3.10
  act_waiting: "Another act about the same subject waits to take effect", // C10.3
  expired: "Its time to be approved was over", // C6.12
  no_clock: "The log has no clock yet", // C5.6
  suspension_would_stop: "The keepers who are left could not do everything any more", // C5.6
  recover_without_delay: "The rules let no day pass before a recovery takes effect", // C5.8
  nothing_to_veto: "No such act waits to take effect", // C10.5
  veto_not_allowed: "The rules let nobody veto this act", // C10.5
  anchor_without_witnesses: "The rules name no witnesses", // C10.1
  bad_anchor: "The checkpoint in it is not this log's, or too few witnesses have cosigned it", // C10.1
  anchor_no_news: "It tells neither a later time nor more of the log", // C10.1
  bad_signature: "A signature of a known signer is wrong", // C6.9
  too_few_keepers: "Not enough keepers have approved", // C6.10
  too_few_organisations: "The keepers who approved are from too few organisations", // C6.10
  too_few_jurisdictions: "The keepers who approved are from too few jurisdictions", // C6.10
  no_device_approval: "None of the member's own devices has approved", // C5.4
  last_device: "A member's last device can be removed by the keepers only", // C5.5
} as const satisfies Record<string, string>

export type Refusal = keyof typeof refusals

/** Refusals that a newer version may not share: after one of them, signed by a keeper, this client needs an update. (C4.8) */
export const reservedRefusals: ReadonlySet<Refusal> = new Set(["unknown_type"])

/** A plain sentence without a full stop. */
export function refusalInWords(refusal: Refusal): string {
  return refusals[refusal]
}
