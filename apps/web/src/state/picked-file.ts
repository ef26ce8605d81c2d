import type { PickedFile } from "../engine/protocol.ts"
import { mayHoldDetails, withoutDetails } from "./picture-details.ts"

/** Largest file that the engine sends: 2 GiB. */
export const largestFile = 2_147_483_648
/** Pictures up to here are looked through; larger ones are sent as they are and said to be. */
const largestCleaned = 128 * 1_048_576

export type Details =
  /** No picture, or nothing was in it. */
  | "none"
  /** Place, time and camera were taken out. */
  | "removed"
  /** They may be in it and cannot be taken out. */
  | "unknown"

export interface ChosenFile {
  readonly file: File
  readonly original: File
  readonly details: Details
}

/** A file as it is going to be sent: pictures without what they hold beside the picture. */
export async function prepareFile(original: File): Promise<ChosenFile> {
  const as = (details: Details, file = original): ChosenFile => ({ file, original, details })
  if (!mayHoldDetails(original.type)) return as("none")
  if (original.size > largestCleaned) return as("unknown")
  try {
    const cleaned = withoutDetails(new Uint8Array(await original.arrayBuffer()))
    if (cleaned.kind === "unknown") return as("unknown")
    if (cleaned.kind === "clean") return as("none")
    return as("removed", new File([...cleaned.parts], original.name, { type: original.type }))
  } catch {
    return as("unknown")
  }
}

/** A file that somebody chose, with its measures if it is a picture. */
export async function pickedFileOf(file: File): Promise<PickedFile> {
  if (!file.type.startsWith("image/")) return { file }
  try {
    const picture = await createImageBitmap(file)
    const { width, height } = picture
    picture.close()
    return { file, width, height }
  } catch {
    // not a picture that this browser knows; it travels as any other file
    return { file }
  }
}
