// Apart from stream.ts so that the download worker stays one file of its own.
import type { ReadAnswer, ReadRequest } from "./stream.ts"

/** The other side of `answerReads`: a stream that pulls when its reader has room. */
export function streamOf(port: MessagePort, onEnd: () => void): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      pull: (controller) =>
        new Promise<void>((resolve) => {
          port.onmessage = ({ data }: MessageEvent<ReadAnswer>) => {
            if (data.kind === "bytes") {
              controller.enqueue(data.bytes)
            } else {
              port.postMessage({ kind: "cancel" } satisfies ReadRequest)
              port.close()
              onEnd()
              if (data.kind === "end") controller.close()
              else controller.error(new Error("the file could not be read"))
            }
            resolve()
          }
          port.postMessage({ kind: "pull" } satisfies ReadRequest)
        }),
      cancel() {
        port.postMessage({ kind: "cancel" } satisfies ReadRequest)
        port.close()
        onEnd()
      },
    },
    { highWaterMark: 1 },
  )
}
