import { EngineError, type RemoteClient } from "../engine/protocol.ts"
import { text } from "../messages.ts"
import type { FromDownloadWorker, ToDownloadWorker } from "./download-worker.ts"
import { stepBytes } from "./stream.ts"

/** Up to here a file is gathered in memory; above it streams to the browser's download. */
const gatheredBytes = 32 * 1_048_576

export interface FileToSave {
  readonly message: string
  readonly name: string
  readonly size: number
}

/** The whole file in memory. For files that are known to be small. */
export async function gatherFile(client: RemoteClient, message: string, size: number): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = []
  for (let offset = 0; offset < size; offset += stepBytes) {
    parts.push(await client.readFile(message, offset, Math.min(stepBytes, size - offset)))
  }
  return parts
}

/** Gives the bytes to the browser as a download of that name. */
export function saveBytes(parts: readonly Uint8Array[], name: string): void {
  const url = URL.createObjectURL(new Blob([...parts] as BlobPart[], { type: "application/octet-stream" }))
  const link = document.createElement("a")
  link.href = url
  link.download = name
  link.click()
  // the browser has taken hold of the blob by then
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}

/**
 * Saves a file that is here through the browser's own downloads. Resolves when the browser has all of it (gathered) or
 * has taken it over (streamed). Throws EngineError.
 */
export async function saveFile(client: RemoteClient, file: FileToSave): Promise<void> {
  if (file.size <= gatheredBytes) {
    saveBytes(await gatherFile(client, file.message, file.size), file.name)
    return
  }
  await streamToDownload(client, file)
}

async function streamToDownload(client: RemoteClient, file: FileToSave): Promise<void> {
  const worker = await downloadWorker()
  const id = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("")
  const bytes = new MessageChannel()
  const page = new MessageChannel()
  await client.streamFile(file.message, file.size, bytes.port1)
  const keeping = setInterval(() => worker.postMessage({ kind: "keep" } satisfies ToDownloadWorker), 10_000)
  await new Promise<void>((resolve) => {
    page.port1.onmessage = ({ data }: MessageEvent<FromDownloadWorker>) => {
      if (data.kind === "ready") {
        resolve()
        return
      }
      clearInterval(keeping)
      page.port1.close()
    }
    const offer: ToDownloadWorker = { kind: "offer", id, name: file.name, size: file.size }
    worker.postMessage(offer, [bytes.port2, page.port2])
  })
  // an attachment takes no page away, and with the attribute `download` the browser would go past the download worker
  const link = document.createElement("a")
  link.href = `/download/${id}`
  link.click()
}

async function downloadWorker(): Promise<ServiceWorker> {
  if (!("serviceWorker" in navigator)) throw new EngineError("unexpected", text.problem.noDownloads)
  try {
    const registration = await navigator.serviceWorker.register("/download-worker.js", {
      scope: "/download/",
      updateViaCache: "none",
    })
    const worker = registration.active ?? registration.waiting ?? registration.installing
    if (worker === null) throw new Error("no worker")
    await new Promise<void>((resolve, reject) => {
      const look = () => {
        if (worker.state === "activated") resolve()
        else if (worker.state === "redundant") reject(new Error("the worker was replaced"))
      }
      worker.addEventListener("statechange", look)
      look()
    })
    return worker
  } catch (cause) {
    throw new EngineError("unexpected", text.problem.noDownloads, { cause })
  }
}
