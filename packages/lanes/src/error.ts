/**
 * Every way in which this package refuses. Closed list (N1.4).
 *
 * - `not_found`: no such conversation, due welcome or awaited blob here
 * - `exists`: the conversation is here already
 * - `not_open`: the conversation is broken or this device has left it
 * - `stranger_present`: a leaf of the group is not active in the newest charter (N8.1)
 * - `change_pending`: an own commit of this epoch is still on its way (N5.6)
 * - `bad_change`: a change that cannot be: an unknown device, oneself, a device that is in already
 * - `bad_key_package`: a key package that does not fit its device, is expired or not admitted by the pinned charter
 * - `bad_note`: a checkpoint that does not verify, or not of our charter, or older than the group's pin (N4.3)
 * - `too_large`: more than the parts of one append hold (N3.1)
 * - `out_of_order`: frames that do not begin where the replica stands, or are not those it asked for
 * - `damaged`: stored records that are not in their one accepted form
 * - `closed`: the replica was closed, or failed in the middle of something and has to be opened again (N10.6)
 */
export type LaneCode =
  | "not_found"
  | "exists"
  | "not_open"
  | "stranger_present"
  | "change_pending"
  | "bad_change"
  | "bad_key_package"
  | "bad_note"
  | "too_large"
  | "out_of_order"
  | "damaged"
  | "closed"

export class LaneError extends Error {
  override name = "LaneError"
  readonly code: LaneCode
  constructor(code: LaneCode, options?: ErrorOptions) {
    super(code, options)
    this.code = code
  }
}
