import type { PickedFile } from "../engine/protocol.ts"

/** Largest file that the engine sends: 2 GiB. */
export const largestFile = 2_147_483_648

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
