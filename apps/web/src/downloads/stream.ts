// A file on its way from the engine's worker to the download worker: one read at a time, asked for when the browser has
// room for it, so that memory stays bounded however large the file is.

/** Bytes of one step. A multiple of nothing in particular; large enough that messages cost little. */
export const stepBytes = 1_048_576

export type ReadRequest = { readonly kind: "pull" } | { readonly kind: "cancel" }
export type ReadAnswer =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "end" }
  | { readonly kind: "failed" }

/** Answers every pull on `port` with the next bytes. Closes the port after the end, a failure or a cancel. */
export function answerReads(
  port: MessagePort,
  size: number,
  read: (offset: number, length: number) => Promise<Uint8Array>,
): void {
  let offset = 0
  const answer = (message: ReadAnswer, transfer: Transferable[] = []) => port.postMessage(message, transfer)
  port.onmessage = async ({ data }: MessageEvent<ReadRequest>) => {
    if (data.kind === "cancel") {
      port.close()
      return
    }
    try {
      if (offset >= size) {
        answer({ kind: "end" })
        return
      }
      const bytes = await read(offset, Math.min(stepBytes, size - offset))
      offset += bytes.length
      // a copy of its own, if the engine handed out a view into something larger
      const own = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice()
      answer({ kind: "bytes", bytes: own }, [own.buffer])
    } catch {
      answer({ kind: "failed" })
    }
  }
}
